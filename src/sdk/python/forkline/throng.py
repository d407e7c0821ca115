"""Of some questions the broker keeps only so many for one process, however many threads of its program ask at once: so many are
under way, and the others wait here, in the order in which they came. For those who hold the session's lock."""

from __future__ import annotations

from collections import deque
from typing import Optional, Protocol

__all__ = ["Throng", "Waiting"]


class Waiting(Protocol):
    #: It may ask; and it does not any more.
    admitted: bool
    withdrawn: bool


class Throng:
    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way = 0
        self._line: "deque[Waiting]" = deque()

    def enter(self, call: Waiting) -> None:
        """It is admitted, or waits until `leave` of another one admits it."""
        if self._under_way < self._most:
            self._under_way += 1
            call.admitted = True
        else:
            self._line.append(call)

    def leave(self) -> Optional[Waiting]:
        """One that was admitted is over: gives the one that is admitted in its place."""
        while self._line:
            call = self._line.popleft()
            if not call.withdrawn:
                call.admitted = True
                return call
        self._under_way -= 1
        return None
