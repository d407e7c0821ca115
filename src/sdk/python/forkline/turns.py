"""Whose turn it is: of all threads that wait, one reads for all, and the others rest, each behind a gate, until it calls them.

There is no thread that does nothing but read, so an answer reaches its caller without a change of threads. All of it is changed by those
who hold the session's lock, and whoever is given a `Turn` blocks outside of that.
"""

from __future__ import annotations

import select
import threading

from .bell import Bell
from .connection import Connection
from .gates import Gates
from .stillness import this_thread
from .turn import Ears, Turn, ears

__all__ = ["Turns"]


class Turns:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.gates = Gates()
        #: What a thread reads for, besides all others: what its call waits for, and, behind that, a call of its signal handler.
        self._reads_for: "list[object]" = []
        self._reader = 0
        #: Calls the reader back from the socket.
        self._bell = Bell()
        self._ears = self._listening(False)

    def begin(self, cause: object, forever: bool) -> Turn:
        """This thread is about to wait for `cause`, without a limit or not."""
        unsent = self._connection.unsent
        if self.may_read():
            # Those at hand may be in use below a signal handler that calls now.
            at_hand = not unsent and not self._reads_for
            self._reads_for.append(cause)
            self._reader = threading.get_ident()
            return Turn(self._ears if at_hand else self._listening(bool(unsent)), self._bell)
        if unsent:
            return Turn(ears(self._connection.fileno(), select.POLLOUT))
        gate = self.gates.shut(cause, this_thread() if forever else None)
        return Turn(gate=gate, cause=cause)

    def _listening(self, speaks: bool) -> Ears:
        events = select.POLLIN | (select.POLLOUT if speaks else 0)
        return ears(self._connection.fileno(), events, self._bell)

    def end(self, turn: Turn) -> None:
        if turn.reads:
            self._reads_for.pop()
            if turn.rang:
                self._bell.hush()
            if self._reads_for:
                # A handler's call has heard what may be for the one that it interrupted, which goes on waiting.
                self._bell.ring()
        elif turn.gate is not None:
            self.gates.leave(turn.cause, turn.gate)

    def may_read(self) -> bool:
        """Nobody does, or this very thread, below a signal handler that calls now."""
        return not self._reads_for or self._reader == threading.get_ident()

    @property
    def reading(self) -> bool:
        return bool(self._reads_for)

    def wake(self, cause: object, one: bool = False) -> None:
        """Lets those look again who wait for it, or the one who does so the longest."""
        found = self.gates.open_first(cause) if one else self.gates.open(cause)
        if self._reads_for and cause in self._reads_for and not (one and found):
            self._bell.ring()

    def wake_all(self) -> None:
        self.gates.open_all()
        if self.reading:
            self._bell.ring()

    def close(self) -> None:
        """In a forked child."""
        self._bell.close()
