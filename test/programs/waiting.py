"""Waits on the broker for an item that never comes."""

from forkline import queue


def hunger() -> None:
    print("ready")
    queue("silent").get(timeout=600)
