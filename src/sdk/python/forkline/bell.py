"""Calls a thread back from `poll`: a pipe that has something to read while it rings.

Other threads ring it, and so do signals while the main thread waits: one that comes in the moment between Python's last
look and the system call would otherwise be noticed only when that returns.
"""

from __future__ import annotations

import os
import signal

from .interrupt import is_main_thread

__all__ = ["Bell"]


class Bell:
    def __init__(self) -> None:
        self._heard, self._pulled = os.pipe()
        os.set_blocking(self._heard, False)
        os.set_blocking(self._pulled, False)

    def fileno(self) -> int:
        return self._heard

    def ring(self) -> None:
        try:
            os.write(self._pulled, b"!")
        except BlockingIOError:
            pass  # it rings loudly enough

    def hush(self) -> None:
        try:
            os.read(self._heard, 4096)
        except BlockingIOError:
            pass

    def mind_signals(self) -> bool:
        """Lets signals ring it, in the main thread and where nobody else wants to be told. Returns whether they do."""
        if not is_main_thread():
            return False
        other = signal.set_wakeup_fd(self._pulled, warn_on_full_buffer=False)
        if other == -1:
            return True
        signal.set_wakeup_fd(other)
        return False

    def forget_signals(self) -> None:
        other = signal.set_wakeup_fd(-1)
        if other not in (-1, self._pulled):
            signal.set_wakeup_fd(other)

    def close(self) -> None:
        """In a forked child, whose forking thread is the main one: its parent may have been waiting."""
        self.forget_signals()
        os.close(self._heard)
        os.close(self._pulled)
