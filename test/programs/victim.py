"""Takes three items, tells its pid, and never does what it took."""

import os
import time

from forkline import queue


def hold() -> None:
    items = queue("items")
    for _ in range(3):
        items.get()
    queue("victims").put(str(os.getpid()))
    time.sleep(600)
