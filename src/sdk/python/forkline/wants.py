"""What the broker was asked for, for puts that wait for room, and has not answered. For those who hold the session's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from . import wire

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Waiting", "Wants"]


class Waiting(Protocol):
    """A put that waits for room."""

    #: It does not stay: it takes what there is at once, or nothing.
    once: bool


class Wants:
    def __init__(self, session: "Session", channel: int) -> None:
        #: Room was asked for and neither given nor refused.
        self.open = False
        #: It was refused last.
        self.refused = False
        #: How often that was taken back, and the broker has not said so.
        self.withdrawn = 0
        self._session = session
        self._channel = channel

    def say(self, size: int, once: bool) -> None:
        """Asks for room for one item."""
        self.open = True
        self.refused = False
        if once:
            # What this program has taken has left its place.
            self._session.report()
        self._session.say(wire.room(wire.WANT, self._channel, 1, size, 1 if once else 0))

    def withdraw(self) -> None:
        self.open = False
        self.withdrawn += 1
        self._session.say(wire.bare(wire.UNWANT, self._channel))

    def were_refused(self) -> None:
        self.open = False
        self.refused = True
