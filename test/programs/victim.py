"""Takes three items, tells its pid, and never does what it took."""

import os
import time
from pathlib import Path

from forkline import queue


def hold(file: str) -> None:
    items = queue("items")
    for _ in range(3):
        items.get()
    Path(file).write_text(str(os.getpid()))
    time.sleep(600)
