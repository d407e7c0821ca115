"""Threads that wait while another one reads, each behind a gate of its own: what is heard opens the gates of those it
concerns, and no others, for a program may have thousands of them.

Every gate is there for something, by which it is opened: a question that is asked, an item that is put, a queue that is got
from. All of it is for those who hold the session's lock.
"""

from __future__ import annotations

import threading
from typing import Any, Optional

from .stillness import Thread

__all__ = ["Gate", "Gates"]

#: A lock that is held as long as the gate is shut.
Gate = Any


class Gates:
    def __init__(self) -> None:
        #: What it waits for → gate → the thread behind it where that waits without a limit, in order of arrival.
        self._shut: "dict[object, dict[Gate, Optional[Thread]]]" = {}

    def __bool__(self) -> bool:
        return bool(self._shut)

    def shut(self, cause: object, thread: Optional[Thread]) -> Gate:
        """A new one, that is there for `cause`."""
        gate = threading.Lock()
        gate.acquire()
        self._shut.setdefault(cause, {})[gate] = thread
        return gate

    def leave(self, cause: object, gate: Gate) -> None:
        """Nobody is behind it any more."""
        gates = self._shut.get(cause)
        if gates is not None and gate in gates:
            del gates[gate]
            if not gates:
                del self._shut[cause]

    def open(self, cause: object) -> bool:
        """All that are there for it. Returns whether there were any."""
        gates = self._shut.pop(cause, {})
        for gate in gates:
            gate.release()
        return bool(gates)

    def open_first(self, cause: object) -> bool:
        """The one that has been there the longest."""
        for gate in self._shut.get(cause, ()):
            self.leave(cause, gate)
            gate.release()
            return True
        return False

    def open_any(self) -> None:
        """One, whatever it is there for."""
        for cause in self._shut:
            self.open_first(cause)
            return

    def open_all(self) -> None:
        for cause in list(self._shut):
            self.open(cause)

    def resting(self) -> "set[Thread]":
        """Those who wait without a limit."""
        return {thread for gates in self._shut.values() for thread in gates.values() if thread is not None}
