"""How far to read ahead: as much as the program takes in a few milliseconds, at most twice as much as before."""

from __future__ import annotations

import time

__all__ = ["MOST_AHEAD", "Pace"]

#: What is read ahead is as much as the program takes in this time, in seconds, and never more items than that.
_AHEAD = 0.004
MOST_AHEAD = 4096


class Pace:
    def __init__(self, most: int) -> None:
        #: So many items may be here or on their way, of `most`.
        self.window = 1
        self.most = most
        #: Whether each item taken is to be reported at once: the program is slow.
        self.slow = True
        #: What it was given last, and when.
        self._count = 0
        self._at = 0.0

    def begin(self, count: int) -> None:
        """The program is about to take so many."""
        self._count = count
        self._at = time.monotonic()

    def judge(self) -> None:
        """The program has taken them: measures how long that took it."""
        if self._count:
            each = (time.monotonic() - self._at) / self._count
            fitting = int(_AHEAD / each) if each > _AHEAD / MOST_AHEAD else MOST_AHEAD
            self.window = max(1, min(2 * self.window, fitting, self.most))
            self.slow = self.window == 1
            self._count = 0

    def recalled(self) -> None:
        """Others want what was read ahead."""
        self.window = max(1, self.window // 2)

    def rest(self) -> None:
        """The program takes nothing for now."""
        self.window = 1
        self.slow = True
