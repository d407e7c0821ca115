"""What test/clients/perl/program.pl does, in Python, for both to meet at the same channels."""

import json

from forkline import lock, pipe, queue


def count(to: str, name: str, number: int) -> None:
    for following in range(number):
        queue(to).put([name, following])


def collect(source: str) -> None:
    came: dict = {}
    wrong = []
    for name, number in queue(source):
        if number != came.get(name, 0):
            wrong.append(f"{name} {number}")
        came[name] = number + 1
    print(json.dumps({"came": came, "wrong": wrong}, sort_keys=True, separators=(",", ":")))


def grow(source: str, leaves: str) -> None:
    for number in queue(source):
        if number == 0:
            queue(leaves).put(0)
        else:
            queue(source).put_many([number - 1, number - 1])


def add(name: str, file: str, times: int) -> None:
    last = wrong = 0
    for _ in range(times):
        with lock(name):
            fence = lock(name).fence
            wrong += fence <= last
            last = fence
            with open(file) as before:
                number = int(before.read())
            with open(file, "w") as after:
                after.write(f"{number + 1}\n")
    print(wrong)


def ask(name: str, *sizes: int) -> None:
    with pipe(name) as line:
        for size in sizes:
            message = "x" * size
            line.send(message)
            print(f"the same {size}" if line.recv() == message else "another")
