"""Eats what comes, as long as something comes."""

import time

from forkline import queue


def eat() -> None:
    for dish in queue("dishes"):
        time.sleep(0.005)
        print(f"ate {dish}")
