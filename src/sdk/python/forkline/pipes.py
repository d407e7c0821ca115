"""Pipes as a program sees them: an end of `multiprocessing.Pipe`, between two processes of any language.

To the broker an end is a queue: what is put there the other end gets, and the other way round. So the ways of a message
are those of an item, and here is what differs: what ends with an end, and the names of what goes wrong.
"""

from __future__ import annotations

import queue as standard
from typing import Any, Iterator, Optional

from . import process, wire
from .calls import carry_out
from .consumer import Consumer
from .encoding import refusal
from .errors import BrokenPipe, BrokenQueue, EndOfFile, NotGranted, PipeClosed, ShutDown
from .patience import deadline_after, seconds_of
from .producer import Producer
from .putting import PutCall
from .session import Session
from .waiting import GetCall

__all__ = ["Pipe", "pipe"]


class Pipe:
    """This process's end of a pipe. Safe to use from several threads; a forked child shares it.

    Every call may raise NotInARun, NotGranted where the pipeline does not declare this use, and BrokerLost; after `close`
    it raises PipeClosed, an OSError. A `timeout` is a number of seconds, is never cut short, and None means no limit.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._producer: Optional[Producer] = None
        self._consumer: Optional[Consumer] = None
        self._closed = False

    # Sending

    def send(self, message: Any, timeout: Optional[float] = None) -> None:
        """Sends a message, and waits for room: up to 1 MiB may be on its way.

        Raises BrokenPipe, a BrokenPipeError, if the other end is closed; queue.Full if there is no room in time; TypeError
        or ValueError for what the pipe's encoding cannot carry.
        """
        producer = self._producer or self._bind_producer()
        try:
            data = producer.encode(message)
        except (TypeError, ValueError) as error:
            raise refusal(message, error) from None
        self._send(producer, data, timeout)

    def send_bytes(self, data: Any, timeout: Optional[float] = None) -> None:
        """Sends bytes as they are, whatever the pipe's encoding."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"expected `bytes` and got `{type(data).__name__}`")
        self._send(self._producer or self._bind_producer(), bytes(data), timeout)

    def _send(self, producer: Producer, data: bytes, timeout: Optional[float]) -> None:
        if len(data) > wire.LARGEST_ITEM:
            raise ValueError(f"the message has {len(data)} bytes, and the largest that a pipe carries is 1 GiB")
        seconds = seconds_of(timeout)
        if not self._closed:
            if producer.begin(data):
                return
            with producer.session.exclusive:
                if not self._closed and not producer.line and producer.extend([data]):
                    return
        self._check()
        once = seconds is not None and seconds <= 0
        result = carry_out(producer.session, PutCall(producer, data, once), None if once else deadline_after(seconds))
        if isinstance(result, BrokenQueue):
            raise BrokenPipe(f"the other end of pipe `{self.name}` is closed")
        if isinstance(result, ShutDown):
            raise self._refusal()
        if isinstance(result, Exception):
            raise result
        if not result:
            raise standard.Full

    # Receiving

    def recv(self, timeout: Optional[float] = None) -> Any:
        """Receives the next message, and waits for one.

        Raises EndOfFile, an EOFError, once the other end is closed and all it sent is received; queue.Empty if there is no
        message in time.
        """
        consumer = self._consumer or self._bind_consumer()
        return consumer.decode(self._recv(consumer, timeout))

    def recv_bytes(self, timeout: Optional[float] = None) -> bytes:
        """The same, as the bytes that were sent."""
        return self._recv(self._consumer or self._bind_consumer(), timeout)

    def poll(self, timeout: Optional[float] = 0.0) -> bool:
        """Whether there is something to receive, or the end of file, now or within that time; None: as long as it takes."""
        consumer = self._consumer or self._bind_consumer()
        self._check()
        deadline = deadline_after(seconds_of(timeout))
        return bool(consumer.ready) or self._wait(consumer, deadline) is not False

    def _recv(self, consumer: Consumer, timeout: Optional[float]) -> bytes:
        deadline = None if timeout is None else deadline_after(seconds_of(timeout))
        while True:
            if consumer.ready:
                try:
                    _, data = consumer.ready.popleft()
                except IndexError:
                    continue  # another thread was first
                if consumer.pace.slow:
                    consumer.tell_taken()
                return data
            self._check()
            there = self._wait(consumer, deadline)
            if there is False:
                raise standard.Empty
            if there is not True:
                raise there

    def _wait(self, consumer: Consumer, deadline: Optional[float]) -> Any:
        """True where there is a message, False where there is none in time, or the error that comes instead of one."""
        result = carry_out(consumer.session, GetCall(consumer), deadline)
        if isinstance(result, ShutDown):
            return EndOfFile(f"the other end of pipe `{self.name}` is closed, and all it sent is received")
        if isinstance(result, Exception):
            raise result
        return bool(result)

    def __iter__(self) -> Iterator[Any]:
        """Message after message until the end of file."""
        while True:
            try:
                message = self.recv()
            except EndOfFile:
                return
            yield message

    # The end

    def close(self) -> None:
        """Closes this end: what was sent before, or waits in another thread to be sent, arrives; what was not received is gone."""
        session, channel = self._channel()
        if self._closed:
            return
        if channel["puts"]:
            self._producer = self._producer or self._bind_producer()
        if channel["gets"]:
            self._consumer = self._consumer or self._bind_consumer()
        with session.exclusive:
            session.check()
            self._closed = True
            if self._producer is not None:
                self._producer.close()
            if self._consumer is not None:
                self._consumer.give_back_rest()
                self._consumer.report()
                self._consumer.lose()
                self._consumer.ended = self._refusal()
                # What is on its way to it is nobody's.
                session.consumers.pop(channel["id"], None)
                session.say(wire.bare(wire.SHUT, channel["id"]))
            session.flush()
            session.turns.wake_all()

    @property
    def closed(self) -> bool:
        """Whether this process has closed its end."""
        return self._closed

    def __enter__(self) -> "Pipe":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self) -> None:
        if self._closed:
            raise self._refusal()

    def _refusal(self) -> PipeClosed:
        return PipeClosed(f"this process has closed its end of pipe `{self.name}`")

    # Which session it belongs to

    def _channel(self) -> "tuple[Session, dict[str, Any]]":
        session = process.session(self)
        channel = session.channels.get(f"pipe {self.name}")
        if channel is None:
            who = process.current_process().name
            raise NotGranted(f"`{who}` has no end of pipe `{self.name}`: the pipeline does not say so")
        return session, channel

    def _bind_producer(self) -> Producer:
        session, channel = self._channel()
        if not channel["puts"]:
            raise NotGranted(f"pipe `{self.name}` goes one way only, and this end is there to receive")
        with session.exclusive:
            self._producer = session.producers.setdefault(channel["id"], Producer(session, channel))
        return self._producer

    def _bind_consumer(self) -> Consumer:
        session, channel = self._channel()
        if not channel["gets"]:
            raise NotGranted(f"pipe `{self.name}` goes one way only, and this end is there to send")
        with session.exclusive:
            self._consumer = session.consumers.setdefault(
                channel["id"], Consumer(session, channel, announces=process.is_child())
            )
        return self._consumer

    def unbind(self) -> None:
        self._producer = self._consumer = None

    def __reduce__(self) -> "tuple[Any, ...]":
        return pipe, (self.name,)

    def __repr__(self) -> str:
        return f"pipe({self.name!r})"


_pipes: "dict[str, Pipe]" = {}


def pipe(name: str) -> Pipe:
    """This process's end of the pipe of that name. Asks nobody: whether it has one shows at the first call."""
    return _pipes.setdefault(name, Pipe(name))
