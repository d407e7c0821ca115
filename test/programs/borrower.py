"""Waits for one file, and makes another under the lock."""

import os
import time
from pathlib import Path

from forkline import lock


def other(ready: str, done: str) -> None:
    while not os.path.exists(ready):
        time.sleep(0.001)
    with lock("mutex") as held:
        print(held.fence, held.abandoned)
        Path(done).touch()
