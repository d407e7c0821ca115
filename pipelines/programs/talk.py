"""Hears one word, and leaves."""

from forkline import queue


def listen() -> None:
    print(f"heard: {queue('words').get()}")
