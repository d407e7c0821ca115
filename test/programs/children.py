"""Children that put: a fork that ends without a word once it has flushed, and the workers of a pool."""

import multiprocessing
import os

from forkline import queue


def fork() -> None:
    items = queue("items")
    items.put("parent")
    child = os.fork()
    if child == 0:
        items.put("child")
        items.flush()
        os._exit(0)
    os.waitpid(child, 0)


def pool() -> None:
    with multiprocessing.get_context("spawn").Pool(2) as workers:
        workers.map(put, range(10))


def put(number: int) -> None:
    queue("items").put(number)


def consume() -> None:
    print(sorted(str(item) for item in queue("items")))
