"""The getting side of a queue where it matters what is next at the moment of the get: a stack, a deque, a queue by
priority, one that drops what finds it full.

Nothing is read ahead: one item is asked for at a time, for the thread that has waited the longest, from the end that it
gets from. What comes when it waits no more goes back at once.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Optional

from . import wire
from .consumer import Consumer

if TYPE_CHECKING:
    from .session import Session

__all__ = ["ExactConsumer", "ExactGet"]


class ExactConsumer(Consumer):
    exact = True

    def __init__(self, session: "Session", channel: "dict[str, Any]") -> None:
        super().__init__(session, channel)
        self.pace.most = 1
        #: Who waits, in order of arrival. What is ready is for the first of them.
        self.line: "deque[ExactGet]" = deque()
        self._right = False

    def await_one(self, right: bool) -> None:
        """The first in line waits, and nothing is ready."""
        if self._told_waiting and self._right == right:
            return
        self._told_waiting = True
        self._right = right
        self.report()
        more = 0 if self._asked else 1
        self._asked += more
        self.session.say(wire.number(wire.GET, self.channel, more, 1 | (wire.RIGHT if right else 0)))

    def leave(self, call: "ExactGet") -> None:
        if call in self.line:
            self.line.remove(call)
            if self.ready:
                self._decline()
            self._wake_first()

    def hear(self, kind: int, flags: int, body: memoryview) -> None:
        self._hear(kind, flags, body)
        self._wake_first()

    def _wake_first(self) -> None:
        """Who has the next item, or its end, or gives up; whoever is behind that one is woken when it leaves."""
        if self.line:
            self.session.turns.wake(self.line[0])

    def _hear(self, kind: int, flags: int, body: memoryview) -> None:
        super()._hear(kind, flags, body)
        if kind in (wire.DELIVER, wire.REDELIVER):
            self._stock.serve_all()
            if not self.line or self.line[0].right != bool(flags & wire.RIGHT):
                self._decline()

    def put_back(self, tag: int) -> None:
        """An item that no program has seen."""
        self._receipts.say_taken(tag)
        self.session.say(wire.tags(wire.GIVE_BACK, self.channel, tag, 1))
        self._receipts.reported = max(self._receipts.reported, tag + 1)

    def _decline(self) -> None:
        """Gives back what is ready; what was asked for since stays asked for."""
        asked, self._asked = self._asked, 0
        self.give_back_rest()
        self._asked = asked


class ExactGet:
    """One thread that waits for the next item, from one end."""

    def __init__(self, consumer: ExactConsumer, right: bool) -> None:
        self.right = right
        self._consumer = consumer
        self._joined = False
        self._withdrawn = False
        self._item: "Optional[tuple[int, bytes]]" = None

    @property
    def cause(self) -> object:
        return self

    def attempt(self) -> Any:
        consumer = self._consumer
        if not self._joined:
            self._joined = True
            consumer.line.append(self)
        first = bool(consumer.line) and consumer.line[0] is self
        result: Any = None
        if self._item is not None:
            # It was interrupted as it had it in its hand.
            result = self._item
        elif first and consumer.ready:
            result = self._item = consumer.ready.popleft()
        elif consumer.ended is not None:
            result = consumer.ended
        elif self._withdrawn:
            result = None if first and consumer.ungets else False
        elif first:
            consumer.await_one(self.right)
        if result is not None:
            consumer.leave(self)
        return result

    def withdraw(self) -> None:
        self._withdrawn = True
        if self._consumer.line and self._consumer.line[0] is self:
            self._consumer.withdraw()

    def undo(self, result: object) -> None:
        if isinstance(result, tuple):
            self._consumer.put_back(result[0])
