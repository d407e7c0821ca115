"""Opens the doors once all buyers stand in the line, and buys tickets as tickets.ts does."""

import json
import time
from pathlib import Path

from forkline import current_process, lock, queue


def open_doors(file: str, tickets: int, buyers: int) -> None:
    line = queue("line")
    for _ in range(buyers):
        line.get()
    Path(file).write_text(json.dumps({"left": tickets}))
    for _ in range(buyers):
        line.task_done()


def buy(file: str) -> None:
    stand_in_line()
    with lock("till"):
        sell(file)


def grab(file: str) -> None:
    stand_in_line()
    sell(file)


def stand_in_line() -> None:
    line = queue("line")
    line.put(current_process().name)
    line.join()


def sell(file: str) -> None:
    left = json.loads(Path(file).read_text())["left"]
    if left == 0:
        print("sold out")
        return
    time.sleep(0.1)
    Path(file).write_text(json.dumps({"left": left - 1}))
    print("got a ticket")
    queue("sold").put(current_process().name)
