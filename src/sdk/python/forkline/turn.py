"""One stretch of waiting: as the reader, for the socket to take more, or for the reader to call. Changes no state."""

from __future__ import annotations

import select
from typing import Any, Optional

from .bell import Bell
from .gates import Gate

__all__ = ["Ears", "Turn", "ears"]

#: What tells of a socket, or of a bell too, that there is something.
Ears = Any

#: To have signals ring the bell costs more than all else here: not before so many seconds are over, by which one may be noticed late that
#: comes in the moment between Python's last look and the system call.
_SHORT = 0.01


def ears(descriptor: int, events: int, bell: Optional[Bell] = None) -> Ears:
    poll = select.poll()
    poll.register(descriptor, events)
    if bell is not None:
        poll.register(bell.fileno(), select.POLLIN)
    return poll


class Turn:
    """Who has a `bell` reads, and who has a `gate` waits there; `cause` is what it is there for."""

    __slots__ = ("_bell", "_ears", "cause", "gate", "rang", "reads")

    def __init__(
        self, ears: Ears = None, bell: Optional[Bell] = None, gate: Gate = None, cause: object = None
    ) -> None:
        self.gate = gate
        self.cause = cause
        self.reads = bell is not None
        self.rang = False
        self._ears = ears
        self._bell = bell

    def block(self, seconds: float) -> None:
        if self.gate is not None:
            self.gate.acquire(timeout=seconds)
            return
        ready = None
        bell = self._bell
        if bell is not None and seconds > _SHORT:
            ready = self._poll(_SHORT)
            seconds -= _SHORT
        if not ready:
            minds = bell is not None and bell.mind_signals()
            try:
                ready = self._poll(seconds)
            finally:
                if minds and bell is not None:
                    bell.forget_signals()
        if bell is not None and ready:
            self.rang = ready[-1][0] == bell.fileno() or ready[0][0] == bell.fileno()

    def _poll(self, seconds: float) -> "list[tuple[int, int]]":
        # Rounded up, so that no timeout ends early.
        return self._ears.poll(seconds * 1000 + 1)  # type: ignore[no-any-return]
