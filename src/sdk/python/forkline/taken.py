"""An item that was taken by `take`, with what is known of it, and the two things that can become of it."""

from __future__ import annotations

from typing import Generic, Optional, TypeVar

from .consumer import Consumer

__all__ = ["Taken"]

Item = TypeVar("Item")


class Taken(Generic[Item]):
    """Held by this process until `done` or `give_back`, or its end."""

    def __init__(self, consumer: Consumer, tag: int, data: bytes) -> None:
        self.value: Item = consumer.decode(data)
        delivered = consumer.past.attempts.get(tag)
        #: Which delivery of the item this is, from 1: one that came to nothing before it was known to be taken is not counted.
        self.attempt = delivered or 1
        #: Whether somebody may have had it before and did not get it done.
        self.redelivered = delivered is not None
        death = consumer.past.deaths.get(tag)
        #: Of a dead letter: why it was never done, and how often it was delivered before that; else None.
        self.reason: Optional[str] = None if death is None else death["reason"]
        self.attempts: Optional[int] = None if death is None else death["attempts"]
        self._consumer = consumer
        self._tag = tag
        # A list, because to empty one is a single step, also between threads.
        self._held = [True]

    def done(self) -> None:
        """The item is done. Raises ValueError if it was done or given back before."""
        self._let_go()
        self._consumer.finish(self._tag)

    def give_back(self) -> None:
        """The item goes back to its old place, for whoever comes next; it does not count as an attempt.

        Raises ValueError if it was done or given back before: with `delivery: at-most-once` it is done when it is taken.
        """
        if not self._consumer.keeps:
            raise ValueError(
                f"queue `{self._consumer.name}` has `delivery: at-most-once`: what was taken is done, and cannot go back"
            )
        self._let_go()
        self._consumer.give_back(self._tag)

    def _let_go(self) -> None:
        try:
            self._held.pop()
        except IndexError:
            raise ValueError("this item was done or given back before") from None

    def __repr__(self) -> str:
        return f"Taken({self.value!r}, attempt={self.attempt})"
