"""What the broker is told of items: how far they were taken, and which are done. Being done says that it, and all before it, was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import wire
from .past import Past
from .stock import stretches

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Receipts"]


class Receipts:
    def __init__(self, session: "Session", channel: int, keeps: bool, past: Past) -> None:
        #: Tags that the program is done with and the broker does not know of. Threads append to it without a lock.
        self.done: "list[int]" = []
        #: All before this tag is known to be taken, or has gone back.
        self.reported = 0
        self._session = session
        self._channel = channel
        #: Whether the broker waits to hear that they are done.
        self._keeps = keeps
        self._past = past

    def say_taken(self, head: int) -> None:
        """All before this tag was taken."""
        if head > self.reported:
            self._session.say(wire.number(wire.TAKEN, self._channel, head - self.reported))
            self.reported = head

    def say_all_done(self) -> None:
        # Other threads append meanwhile; what they append stays.
        count = len(self.done)
        if count == 1:
            tag = self.done.pop(0)
            self.say_done(range(tag, tag + 1))
        elif count:
            tags = self.done[:count]
            del self.done[:count]
            for stretch in stretches(tags):
                self.say_done(stretch)

    def say_done(self, tags: range) -> None:
        if not tags:
            return
        self._past.forget(tags)
        if self._keeps:
            self._session.say(wire.tags(wire.DONE, self._channel, tags.start, len(tags)))
            if tags.stop > self.reported:
                self.reported = tags.stop

    def give_back(self, tags: "list[int]") -> None:
        """Gives back items that were not taken; all before them were."""
        self.say_taken(min(tags))
        self._past.forget(tags)
        # Where some were kept before and those behind them given back, there is a gap.
        for stretch in stretches(tags):
            self._session.say(wire.tags(wire.GIVE_BACK, self._channel, stretch.start, len(stretch)))

    def clear(self) -> None:
        self.done.clear()
        self.reported = 0
