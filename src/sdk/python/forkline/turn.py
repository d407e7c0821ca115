"""One stretch of waiting: as the reader, for the socket to take more, or for the reader to call. Changes no state."""

from __future__ import annotations

import select
from typing import Optional

from .bell import Bell
from .gates import Gate

__all__ = ["Turn"]


class Turn:
    def __init__(
        self, descriptor: int, events: int, gate: Gate = None, cause: object = None, bell: Optional[Bell] = None
    ) -> None:
        #: And what it is there for.
        self.gate = gate
        self.cause = cause
        self.reads = bell is not None
        self.rang = False
        self._bell = bell
        if gate is None:
            self._poll = select.poll()
            self._poll.register(descriptor, events)
            if bell is not None:
                self._poll.register(bell.fileno(), select.POLLIN)

    def block(self, seconds: float) -> None:
        if self.gate is not None:
            self.gate.acquire(timeout=seconds)
            return
        bell = self._bell
        minds = bell is not None and bell.mind_signals()
        try:
            # Rounded up, so that no timeout ends early.
            ready = self._poll.poll(seconds * 1000 + 1)
        finally:
            if minds and bell is not None:
                bell.forget_signals()
        self.rang = bell is not None and any(descriptor == bell.fileno() for descriptor, _ in ready)
