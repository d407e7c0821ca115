"""Takes five jars from the full shelf, and finds no sixth."""

import time
from queue import Empty

from forkline import queue


def take() -> None:
    shelf = queue("shelf")
    while shelf.qsize() < 5:
        time.sleep(0.001)
    if shelf.full():
        print("full with 5 jars")
    for _ in range(5):
        print(f"took {shelf.get()}")
    try:
        shelf.get(timeout=0.2)
    except Empty:
        print("empty: no sixth jar within 0.2 s")
    for _ in range(5):
        shelf.task_done()
