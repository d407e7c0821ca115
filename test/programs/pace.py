"""A fast producer and a slow consumer that write down when each of their calls has returned."""

import time

from forkline import queue


def produce(name: str, count: int) -> None:
    items = queue(name)
    for number in range(count):
        items.put(number)
        print(time.monotonic_ns())


def consume(name: str, count: int) -> None:
    items = queue(name)
    for _ in range(count):
        items.get()
        print(time.monotonic_ns())
        time.sleep(0.003)
        items.task_done()
