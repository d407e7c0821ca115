"""A fast producer and a slow consumer that write down times, as in pace.ts."""

import time

from forkline import queue, ready


def produce(name: str, maxsize: int, count: int) -> None:
    items = queue(name)
    for number in range(count):
        if number == maxsize:
            items.flush()
            ready()
        items.put(number)
        print(time.monotonic_ns())


def consume(name: str, count: int) -> None:
    items = queue(name)
    for _ in range(count):
        print(time.monotonic_ns())
        items.get()
        time.sleep(0.003)
        items.task_done()
