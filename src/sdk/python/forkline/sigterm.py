"""How a process of ours dies of SIGTERM: as any other, but not before the broker has all that it put.

So does one that the program made by `multiprocessing`, whose pools end theirs by this signal.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Optional

from . import process
from .interrupt import die_by

__all__ = ["flush_streams", "mind", "terminate"]

#: How long a broker may take to hear the last words of one that was told to stop, in seconds.
_PATIENCE = 3.0


def mind() -> None:
    """Has this process die so, unless it does something else with the signal."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, terminate)


def _mind_in_multiprocessing() -> None:
    """Such a process ends without `atexit`, but calls finalizers of its own."""
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(None, process.part_at_exit, exitpriority=-1000)
        mind()


process.at_each_opening(_mind_in_multiprocessing)


def terminate(number: int, _frame: Optional[FrameType]) -> None:
    """Told to stop: says all that is to be said, then dies by the signal, as if nothing had handled it."""
    if process.busy_here():
        # We interrupted the very lines that we would now call. They take microseconds, so come again.
        timer = threading.Timer(0.001, os.kill, (os.getpid(), number))
        timer.daemon = True
        timer.start()
        return
    # Calls of other threads fail with the goodbye. That they do so a moment before all of them die is no news.
    threading.excepthook = lambda _args: None
    process.part(_PATIENCE)
    flush_streams()
    die_by(number)


def flush_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, RuntimeError):
            # Closed, broken, or in the midst of a print that we interrupted: its text is on its way already.
            pass
