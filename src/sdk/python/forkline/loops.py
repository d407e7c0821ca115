"""What a loop over a queue goes through: items that are there already, some at a time, one after the other until the end of the stream.

It is asked for more once the loop moves on from the last of them, which are done by that. Where it moves on in a child that was forked
meanwhile, it stops: what it gave last, and what is read ahead, is the parent's.
"""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Optional

from .calls import carry_out
from .consumer import Consumer
from .errors import ShutDown
from .exact import ExactConsumer
from .taking import take_exactly
from .waiting import GetCall, WalkCall
from .walk import Walk

__all__ = ["in_lists", "in_stretches"]


def in_stretches(consumer: Consumer) -> "Iterator[Iterable[Any]]":
    """As many at a time as came, by an iterator over them: where the loop is alone, from item to item no line of ours is run."""
    return _one_by_one(consumer) if isinstance(consumer, ExactConsumer) else _walks(consumer)


def in_lists(consumer: Consumer, most: int) -> "Iterator[list[Any]]":
    """As many at a time as there are, but no more than `most`."""
    return map(list, _one_by_one(consumer)) if isinstance(consumer, ExactConsumer) else _lists(consumer, most)


def _walks(consumer: Consumer) -> "Iterator[Iterable[Any]]":
    session = consumer.session
    walk: Optional[Walk] = None
    while not session.inherited:
        result = carry_out(session, WalkCall(consumer, walk), None)
        if isinstance(result, ShutDown):
            return
        if isinstance(result, Exception):
            raise result
        if isinstance(result, Walk):
            walk = result
            yield map(consumer.decode, walk.items)
        else:
            walk = None
            yield from _shared(consumer)


def _shared(consumer: Consumer) -> "Iterator[tuple[Any]]":
    """What is ready, one by one: other threads take of it, too."""
    session = consumer.session
    while True:
        try:
            tag, data = consumer.ready.popleft()
        except IndexError:
            return
        if consumer.pace.slow:
            consumer.tell_taken()
        yield (consumer.decode(data),)
        if session.inherited:
            return
        consumer.done.append(tag)


def _lists(consumer: Consumer, most: int) -> "Iterator[list[Any]]":
    session = consumer.session
    popleft, decode = consumer.ready.popleft, consumer.decode
    while True:
        taken: "list[tuple[int, bytes]]" = []
        try:
            while len(taken) < most:
                taken.append(popleft())
        except IndexError:
            pass
        if not taken:
            result = carry_out(session, GetCall(consumer), None)
            if isinstance(result, ShutDown):
                return
            if isinstance(result, Exception):
                raise result
            continue
        if consumer.pace.slow:
            consumer.tell_taken()
        yield [decode(data) for _, data in taken]
        if session.inherited:
            return
        consumer.done.extend([tag for tag, _ in taken])


def _one_by_one(consumer: ExactConsumer) -> "Iterator[tuple[Any]]":
    session = consumer.session
    while True:
        try:
            tag, data = take_exactly(consumer, None, False)
        except ShutDown:
            return
        yield (consumer.decode(data),)
        if session.inherited:
            return
        consumer.finish(tag)
