"""A fast producer and a slow consumer that write down the time of all they do."""

import time

from forkline import ShutDown, queue


def produce(name: str, count: int) -> None:
    items = queue(name)
    for number in range(count):
        items.put(number)
        print(f"put {time.monotonic_ns()}")


def consume(name: str) -> None:
    items = queue(name)
    try:
        while True:
            called = time.monotonic_ns()
            items.get()
            print(f"get {called} {time.monotonic_ns()}")
            time.sleep(0.003)
            items.task_done()
    except ShutDown:
        pass
