"""Adds one to the number in a file under a lock, as adder.ts does."""

import json
import os

from forkline import current_process, lock


def add(folder: str, rounds: int) -> None:
    numbers = os.open(f"{folder}/number", os.O_RDWR | os.O_CREAT, 0o644)
    journal = os.open(f"{folder}/journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    if current_process().name.startswith("victim"):
        victims = os.open(f"{folder}/victims", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(victims, f"{os.getpid()}\n".encode())

    def note(**what: object) -> None:
        os.write(journal, (json.dumps({"pid": os.getpid(), **what}) + "\n").encode())

    mutex = lock("mutex")
    for turn in range(rounds):
        with mutex:
            number = int(os.pread(numbers, 16, 0) or b"0")
            note(what="in", number=number, fence=mutex.fence, abandoned=mutex.abandoned)
            if turn % 3 == 0:
                os.sched_yield()
            os.pwrite(numbers, b"%16d" % (number + 1), 0)
            note(what="out", number=number + 1)
