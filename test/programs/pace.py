"""A fast producer and a slow consumer that write down when each call began and when it returned."""

import time
from contextlib import contextmanager
from typing import Iterator

from forkline import ShutDown, queue


def produce(name: str, count: int) -> None:
    items = queue(name)
    for number in range(count):
        with timed():
            items.put(number)


def consume(name: str) -> None:
    items = queue(name)
    try:
        while True:
            with timed():
                items.get()
            time.sleep(0.003)
            items.task_done()
    except ShutDown:
        pass


@contextmanager
def timed() -> Iterator[None]:
    called = time.monotonic_ns()
    try:
        yield
    finally:
        print(called, time.monotonic_ns())
