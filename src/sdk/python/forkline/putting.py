"""How an item is put that the open batch does not take by itself: at once where there is room, else by a thread that waits, for room
and for the socket to keep up, or for the broker's word on what is judged.
"""

from __future__ import annotations

import queue as standard
from typing import Any, Optional

from . import wire
from .calls import carry_out, wait
from .manner import Manner
from .patience import deadline_after, seconds_to_wait
from .producer import Producer
from .request import error_of

__all__ = ["OfferCall", "PutCall", "put_encoded", "put_item"]


def put_item(
    producer: Producer,
    data: bytes,
    block: bool,
    timeout: Optional[float],
    manner: Optional[Manner] = None,
) -> None:
    """Puts it behind all that was put before. Raises queue.Full where there is no room in time, and why nothing may be put."""
    if len(data) > wire.LARGEST_ITEM:
        raise ValueError(f"the item has {len(data)} bytes, and the largest that a queue carries is 1 GiB")
    seconds = seconds_to_wait(block, timeout)
    if manner is None:
        if producer.begin(data):
            return
        with producer.session.exclusive:
            if producer.put_at_once(data):
                return
    # Who does not wait is answered by the broker at once, so there is nothing to wait for in vain.
    once = seconds == 0
    deadline = None if once else deadline_after(seconds)
    if producer.judged:
        offer = OfferCall(producer, data, once, manner)
        result = carry_out(producer.session, offer, deadline)
        if result is None and offer.under_way:
            result = wait(producer.session, offer, None)
    else:
        result = carry_out(producer.session, PutCall(producer, data, once, manner), deadline)
    if isinstance(result, Exception):
        raise result
    if not result:
        raise standard.Full


def put_encoded(producer: Producer, batch: "list[bytes]", block: bool, timeout: Optional[float]) -> None:
    """Puts plainly all of them, one after the other, and as many at a time as the open batch takes."""
    place = 0
    while place < len(batch):
        with producer.session.exclusive:
            if not producer.line:
                place += producer.extend(batch[place:])
        if place < len(batch):
            put_item(producer, batch[place], block, timeout)
            place += 1


class PutCall:
    """One item that waits for its room, and for the socket to keep up."""

    def __init__(self, producer: Producer, data: bytes, once: bool, manner: Optional[Manner] = None) -> None:
        self.once = once or producer.fails
        self._producer = producer
        self._data = data
        self._manner = manner
        self._asked = False
        self._put = False
        self._withdrawn = False

    @property
    def cause(self) -> object:
        # Who has given up is not in line any more, and waits for the answer to that.
        return self._producer if self._withdrawn else self

    def attempt(self) -> Any:
        producer = self._producer
        if self._withdrawn:
            return None if producer.wants.withdrawn else self._put
        result: Any = producer.refusal(in_line=self in producer.line)
        if result is None:
            result = self._attempt(producer)
        if result is not None:
            self._leave()
        return result

    def _attempt(self, producer: Producer) -> Optional[bool]:
        if self not in producer.line:
            # Not before those who wait; those who do not will be through at once.
            if self.once and any(not call.once for call in producer.line):
                return False
            producer.stand_in_line(self)
        if producer.line[0] is not self:
            return None
        if self._join(producer):
            self._put = True
            return True
        producer.session.seal()
        if producer.session.is_crowded() and not self.once:
            return None
        if self._admit(producer):
            self._put = True
            return True
        if self._asked and self.once and producer.wants.refused:
            return False
        if not producer.wants.open:
            self._asked = True
            producer.wants.say(len(self._data), self.once)
        return None

    def _join(self, producer: Producer) -> bool:
        """Whether the open batch takes it."""
        return self._manner is None and producer.extend([self._data]) > 0

    def _admit(self, producer: Producer) -> bool:
        return producer.admit(self._data, self._manner)

    def withdraw(self) -> None:
        self._withdrawn = True
        if self._asked and self._producer.wants.open and not self._put:
            self._producer.wants.withdraw()
        self._leave()

    def undo(self, result: object) -> None:
        """What is put stays put."""

    def _leave(self) -> None:
        self._producer.leave_line(self)


class OfferCall(PutCall):
    """The same for one that is judged: once it is on its way, it waits for the broker's word."""

    def __init__(self, producer: Producer, data: bytes, once: bool, manner: Optional[Manner] = None) -> None:
        super().__init__(producer, data, once, manner)
        self._request: Optional[int] = None

    @property
    def cause(self) -> object:
        return super().cause if self._request is None else self._request

    @property
    def under_way(self) -> bool:
        """It cannot be called back any more."""
        return self._request is not None

    def attempt(self) -> Any:
        if self._request is None:
            result = super().attempt()
            if result is not True or self._request is None:
                return result
        answer = self._producer.session.answer(self._request)
        if answer is None:
            return None
        return error_of(answer) if answer.kind == wire.ERROR else True

    def _join(self, producer: Producer) -> bool:
        return False

    def _admit(self, producer: Producer) -> bool:
        self._request = producer.offer(self._data, self._manner)
        return self._request is not None

    def withdraw(self) -> None:
        if not self.under_way:
            super().withdraw()
