"""How an item is taken from a queue: with no lock where one is ready, else by a thread that waits for it.

What becomes of it then, to be held or to be done at once, is for whoever takes it.
"""

from __future__ import annotations

import queue as standard
from typing import Optional

from .calls import carry_out
from .consumer import Consumer
from .errors import BrokerLost
from .exact import ExactConsumer, ExactGet
from .manner import from_right
from .patience import deadline_after, seconds_to_wait
from .waiting import GetCall

__all__ = ["take_exactly", "take_item"]


def take_item(
    consumer: Consumer, block: bool, timeout: Optional[float], side: Optional[str]
) -> "tuple[int, bytes]":
    """The next item with its tag. Raises queue.Empty where there is none in time, and what the stream ended with."""
    deadline = None if block and timeout is None else deadline_after(seconds_to_wait(block, timeout))
    if side is not None or consumer.exact:
        right = from_right(consumer.settings, side) is True
        return take_exactly(consumer, deadline, right)  # type: ignore[arg-type]
    while True:
        if consumer.ready:
            try:
                item = consumer.ready.popleft()
            except IndexError:
                continue  # another thread was first
            if consumer.pace.slow:
                _tell_taken(consumer, item[0])
            return item
        _wait_for_one(consumer, deadline)


def take_exactly(consumer: ExactConsumer, deadline: Optional[float], right: bool) -> "tuple[int, bytes]":
    """The same where nothing is read ahead."""
    call = ExactGet(consumer, right)
    try:
        result = carry_out(consumer.session, call, deadline)
    finally:
        if call in consumer.line:
            with consumer.session.exclusive:
                consumer.leave(call)
    if isinstance(result, Exception):
        raise result
    if not result:
        raise standard.Empty
    item: "tuple[int, bytes]" = result
    _tell_taken(consumer, item[0])
    return item


def _wait_for_one(consumer: Consumer, deadline: Optional[float]) -> None:
    result = carry_out(consumer.session, GetCall(consumer), deadline)
    if isinstance(result, Exception):
        raise result
    if not result:
        raise standard.Empty


def _tell_taken(consumer: Consumer, tag: int) -> None:
    try:
        consumer.tell_taken()
    except BrokerLost:
        raise
    except BaseException:
        # Interrupted with the item in hand: nobody would ever have it.
        if consumer.keeps:
            consumer.give_back(tag)
        raise
