"""Visits the reading room as reading_room.ts does, and checks what all visitors have noted."""

import json
import os
import time
from collections import Counter, defaultdict
from pathlib import Path

from forkline import current_process, lock


def visit(journal: str, rounds: int) -> None:
    who = current_process().name
    file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note(where: str, what: str, fence: int) -> None:
        os.write(file, (json.dumps({"who": who, "where": where, "what": what, "fence": fence}) + "\n").encode())

    for turn in range(rounds):
        with lock("seats") as seat:
            note("seats", "in", seat.fence)
            mode = "write" if turn % 4 == 0 else "read"
            page = lock("page")
            page.acquire(mode=mode)
            note(mode, "in", page.fence)
            time.sleep(0)
            note(mode, "out", page.fence)
            note("seats", "out", seat.fence)
            page.release()
        with lock("book") as book:
            note("book", "in", book.fence)
            with lock("book") as again:
                note("book", "out", again.fence)


def turn_off() -> None:
    taken = not lock("light").acquire(block=False)
    lock("light").release()
    print("the light was", "on" if taken else "off")


def check(journal: str) -> None:
    inside: "Counter[str]" = Counter()
    most: "Counter[str]" = Counter()
    fences: "defaultdict[str, list[int]]" = defaultdict(list)
    for line in Path(journal).read_text().splitlines():
        note = json.loads(line)
        where = note["where"]
        if note["what"] == "in":
            inside[where] += 1
            fences["page" if where in ("read", "write") else where].append(note["fence"])
        else:
            inside[where] -= 1
        most[where] = max(most[where], inside[where])
        assert inside["seats"] <= 3 and inside["write"] <= 1 and inside["book"] <= 1, (line, inside)
        assert not (inside["write"] and inside["read"]), (line, inside)
    assert not +inside, inside
    assert fences["book"] == sorted(fences["book"]), "the fences of the book fall"
    assert all(len(set(given)) == len(given) for given in fences.values()), "a fence came twice"
    print(f"{most['seats']} sat, {'several' if most['read'] > 1 else 'one'} read, {most['write']} wrote, {most['book']} signed")
