"""Uses a lock that runs share: adds to a number in a file, or holds the lock until it is killed."""

import json
import os
import signal

from forkline import lock


def note(folder: str, **what: object) -> None:
    file = os.open(f"{folder}/journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, (json.dumps({"pid": os.getpid(), **what}) + "\n").encode())
    os.close(file)


def add(folder: str, name: str, rounds: int) -> None:
    for _ in range(rounds):
        with lock(name) as held:
            note(folder, fence=held.fence, abandoned=held.abandoned)
            with open(f"{folder}/sum", "r+") as file:
                number = int(file.read())
                file.seek(0)
                file.write(str(number + 1))


def hold(folder: str, name: str) -> None:
    print("asking", flush=True)
    with lock(name) as held:
        note(folder, fence=held.fence, abandoned=held.abandoned)
        print("holding", os.getpid(), flush=True)
        while True:
            signal.pause()


def look(folder: str, name: str) -> None:
    print("asking", flush=True)
    print("at once:", lock(name).acquire(block=False), flush=True)
    print("soon:", lock(name).acquire(timeout=0.05), flush=True)
    with lock(name) as held:
        note(folder, fence=held.fence, abandoned=held.abandoned)
        print("got it, abandoned" if held.abandoned else "got it", flush=True)
