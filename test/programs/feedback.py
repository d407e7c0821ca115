"""As feedback.ts, with threads where that has promises."""

import os
import signal
import threading
import time
from queue import Empty

from forkline import ShutDown, queue


def grow(source: str, to: str, gate: str = "") -> None:
    for number in queue(source):
        split(number, to)
        while gate and not os.path.exists(gate):
            time.sleep(0.005)


def crowd(source: str, to: str, count: int) -> None:
    threads = [threading.Thread(target=grow, args=(source, to)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def manual(source: str, to: str) -> None:
    numbers = queue(source)
    while True:
        try:
            number = numbers.get()
        except ShutDown:
            return
        split(number, to)
        numbers.task_done()


def glance(source: str, to: str) -> None:
    numbers = queue(source)
    for count in range(3):
        try:
            raise AssertionError(numbers.get_nowait())
        except Empty:
            queue(to).put(count)
        queue("leaves").put(numbers.get_nowait())
        numbers.task_done()


def victim(source: str, to: str, gate: str) -> None:
    numbers = queue(source)
    for _ in range(5):
        split(numbers.get(), to)
        numbers.task_done()
    for _ in range(3):
        numbers.get()
    # That the others are done is known before it dies, or they would come again.
    queue(to).flush()
    open(gate, "x").close()
    os.kill(os.getpid(), signal.SIGKILL)


def pool(source: str, to: str, count: int) -> None:
    """Each worker is a process that this one has forked."""
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            grow(source, to)
            raise SystemExit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def split(number: int, to: str) -> None:
    if number == 0:
        queue("leaves").put(0)
        return
    queue(to).put(number - 1)
    queue(to).put(number - 1)
