"""Sleeps as long as it is told."""

import time


def sleep(seconds: float) -> None:
    time.sleep(seconds)
    print(f"slept {seconds} s")
