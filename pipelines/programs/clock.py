"""A clock has no end of its own."""

import itertools
import time


def tick() -> None:
    for count in itertools.count(1):
        print(f"tick {count}")
        time.sleep(0.05)
