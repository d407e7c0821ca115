"""Queues as a program sees them: `multiprocessing.Queue`, between processes of any language, with an end.

What each call promises is said here. Done here is only the fast path of a put, for the item that finds its room: all other ways of an
item are in `putting`, `taking` and, of a loop, in `loops`.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import chain, islice
from typing import Any, Callable, Generic, Iterable, Iterator, Optional, TypeVar

from . import process, wire
from .consumer import Consumer
from .encoding import refusal
from .errors import NotGranted
from .exact import ExactConsumer
from .loops import in_lists, in_stretches
from .manner import is_exact, manner_of
from .patience import seconds_to_wait
from .producer import Producer
from .putting import put_encoded, put_item
from .request import ask
from .session import Session
from .taken import Taken
from .taking import take_item

__all__ = ["Queue", "queue"]

Item = TypeVar("Item")
Stretch = TypeVar("Stretch")

_AT_ONCE = 1024
#: What has all its items: they may be looked at ahead.
_AT_HAND = (list, tuple, range, set, frozenset, dict, deque)


class Queue(Generic[Item]):
    """A queue of the pipeline. Safe to use from several threads, and after a fork.

    Every call may raise NotInARun, NotGranted where the pipeline does not declare this use, and BrokerLost.
    A `timeout` is a number of seconds, is never cut short, and None means no limit.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._producer: Optional[Producer] = None
        self._consumer: Optional[Consumer] = None

    # Putting

    def put(
        self,
        item: Item,
        block: bool = True,
        timeout: Optional[float] = None,
        *,
        confirm: bool = False,
        priority: Optional[float] = None,
        side: Optional[str] = None,
    ) -> None:
        """Puts an item at the end, and waits for room.

        Returns once there is room for the item and it is on its way; what was put is sent within 10 ms. With `confirm`
        it returns once the broker has it. `priority` is for a queue with `order: priority`: the lower, the sooner, 0 if
        it is not given; equal ones come in order of arrival. `side`, 'left' or 'right', is for one with `order: deque`.

        Raises queue.Full if there is no room in time, or at once where `block` is false or the queue has `overflow:
        fail`; BrokenQueue if no consumer is left; ShutDown after `close`; TypeError or ValueError for what the queue's
        encoding cannot carry, or for a `priority` or `side` that its order does not know; ItemRefused, a ValueError, for
        what does not fit its `item`.
        """
        if timeout is not None:
            seconds_to_wait(block, timeout)  # whatever room there is
        producer = self._producer
        if producer is None:
            producer = self._bind_producer()
        # To call an attribute right where it is got is slow, where that is no method.
        encode = producer.encode
        try:
            data = encode(item)
        except (TypeError, ValueError) as error:
            raise refusal(item, error) from None
        size = len(data)
        left = producer.left
        # No call between here and `append`, so no other thread and no signal handler comes between: see `producer`.
        if left and size <= producer.most and not confirm and priority is None and side is None:
            producer.left = left - 1
            producer.batch.append(data)
            return
        put_item(producer, data, block, timeout, manner_of(producer.settings, priority, side))
        if (confirm or producer.confirm) and not producer.judged:
            self.flush()

    def put_nowait(self, item: Item, *, priority: Optional[float] = None, side: Optional[str] = None) -> None:
        """Puts an item if there is room for it now. Raises queue.Full if not, else as `put`."""
        self.put(item, block=False, priority=priority, side=side)

    def put_many(
        self,
        items: Iterable[Item],
        block: bool = True,
        timeout: Optional[float] = None,
        *,
        priority: Optional[float] = None,
        side: Optional[str] = None,
    ) -> int:
        """Puts items one after the other, those of a list and the like for less than `put` would cost. Returns how many.

        `timeout` is for each item; `priority` and `side` are for all. Raises as `put`; what was put before stays put.
        """
        seconds_to_wait(block, timeout)
        producer = self._producer or self._bind_producer()
        count = 0
        # What has its items yet to make may wait for what becomes of the one before.
        if not isinstance(items, _AT_HAND) or manner_of(producer.settings, priority, side) is not None:
            for item in items:
                self.put(item, block, timeout, priority=priority, side=side)
                count += 1
            return count
        source = iter(items)
        while True:
            chunk = list(islice(source, _AT_ONCE))
            try:
                batch = list(map(producer.encode, chunk))
            except (TypeError, ValueError):
                # One by one, so that those before the one that is refused are put.
                for item in chunk:
                    self.put(item, block, timeout)
                raise
            if not batch:
                break
            put_encoded(producer, batch, block, timeout)
            count += len(batch)
        if producer.confirm:
            self.flush()
        return count

    def flush(self) -> None:
        """Waits until the broker has all that this process has put, to whatever queue."""
        producer = self._producer or self._bind_producer()
        ask(producer.session, wire.FLUSH, 0)

    def close(self) -> None:
        """This process puts no more to it: once all who put have closed it or ended, its consumers see the end.

        Puts of other threads that wait for room are still made, and closed behind. Does not wait for them.
        """
        producer = self._producer or self._bind_producer()
        with producer.session.exclusive:
            producer.session.check()
            producer.close()

    def abandon(self) -> None:
        """The end of this process does not wait until what it has put here has reached the broker.

        Threads that wait in `put` are waited for as Python does for any thread that is no `daemon`.
        """
        producer = self._producer or self._bind_producer()
        producer.abandoned = True

    # Getting

    def get(self, block: bool = True, timeout: Optional[float] = None, *, side: Optional[str] = None) -> Item:
        """Takes the first item, and waits for one. From which end of a deque is for `side` to say: 'left' or 'right'.

        This process holds it until `task_done` or its own successful end; if it ends in another way, the item goes back.

        Raises queue.Empty if there is none in time, or at once where `block` is false; ShutDown at the end of the
        stream; Aborted where a producer failed and the stream broke off.
        """
        consumer = self._consumer or self._bind_consumer()
        tag, data = take_item(consumer, block, timeout, side)
        consumer.held.add(tag)
        return consumer.decode(data)  # type: ignore[no-any-return]

    def get_nowait(self, *, side: Optional[str] = None) -> Item:
        """Takes the first item if there is one. Raises queue.Empty if not, else as `get`."""
        return self.get(block=False, side=side)

    def take(
        self, block: bool = True, timeout: Optional[float] = None, *, side: Optional[str] = None
    ) -> "Taken[Item]":
        """As `get`, for those who work on several items at once: what it returns is done by its own `done()`."""
        consumer = self._consumer or self._bind_consumer()
        tag, data = take_item(consumer, block, timeout, side)
        return Taken(consumer, tag, data)

    def task_done(self) -> None:
        """The oldest item that this thread took by `get` is done. Raises ValueError if it holds none."""
        consumer = self._consumer or self._bind_consumer()
        try:
            tag = consumer.held.take()
        except IndexError:
            raise ValueError(
                f"task_done() called more often than this thread has taken items by get() from queue `{self.name}`"
            ) from None
        consumer.finish(tag)

    def __iter__(self) -> Iterator[Item]:
        """Every item until the end of the stream; moving on to the next marks the one before as done.

        Leaving the loop leaves the last item held. Raises Aborted where the stream broke off.
        """
        # From item to item no line of Python is run but the program's own.
        return chain.from_iterable(self._go_through(in_stretches))

    def batches(self, most: int = 256) -> "Iterator[list[Item]]":
        """As a loop over the queue, with lists of up to `most` items that are there already. Moving on marks all as done."""
        if most < 1:
            raise ValueError(f"a list of at most {most} items holds none")
        return self._go_through(partial(in_lists, most=most))

    def _go_through(self, way: "Callable[[Consumer], Iterator[Stretch]]") -> "Iterator[Stretch]":
        """Until the end of the stream; a child that was forked meanwhile goes on with what it gets itself."""
        while True:
            consumer = self._consumer or self._bind_consumer()
            yield from way(consumer)
            if self._consumer is consumer:
                return

    # Counting

    def qsize(self) -> int:
        """How many items wait, in the whole run. Out of date at once, where others put and get."""
        return int(self._stat()["size"])

    def empty(self) -> bool:
        """Whether no item waits."""
        return self.qsize() == 0

    def full(self) -> bool:
        """Whether a put would have to wait."""
        return int(self._stat()["room"]) == 0

    def join(self) -> None:
        """Waits until every item that was put so far is done."""
        session, channel = self._channel()
        ask(session, wire.JOIN, channel["id"])

    def _stat(self) -> "dict[str, Any]":
        session, channel = self._channel()
        return ask(session, wire.STAT, channel["id"])  # type: ignore[no-any-return]

    # Which session it belongs to

    def _channel(self) -> "tuple[Session, dict[str, Any]]":
        session = process.session(self)
        channel = session.channels.get(f"queue {self.name}")
        if channel is None:
            raise NotGranted(_not_granted(self.name, "use", "puts` or `gets"))
        return session, channel

    def _bind_producer(self) -> Producer:
        session, channel = self._channel()
        if not channel["puts"]:
            raise NotGranted(_not_granted(self.name, "put to", "puts"))
        with session.exclusive:
            self._producer = session.producers.setdefault(channel["id"], Producer(session, channel))
        return self._producer

    def _bind_consumer(self) -> Consumer:
        session, channel = self._channel()
        if not channel["gets"]:
            raise NotGranted(_not_granted(self.name, "get from", "gets"))
        with session.exclusive:
            kind = ExactConsumer if is_exact(channel) else Consumer
            self._consumer = session.consumers.setdefault(channel["id"], kind(session, channel))
        return self._consumer

    def unbind(self) -> None:
        self._producer = self._consumer = None

    def __reduce__(self) -> "tuple[Any, ...]":
        return queue, (self.name,)

    def __repr__(self) -> str:
        return f"queue({self.name!r})"


_queues: "dict[str, Queue[Any]]" = {}


def queue(name: str) -> "Queue[Any]":
    """The queue of that name in the pipeline. Asks nobody: whether this process may use it shows at the first call."""
    return _queues.setdefault(name, Queue(name))


def _not_granted(name: str, use: str, key: str) -> str:
    who = process.current_process().name
    return f"`{who}` may not {use} queue `{name}`: the pipeline does not say so; add `{key}: {name}` to `{who.split('.')[0]}`"
