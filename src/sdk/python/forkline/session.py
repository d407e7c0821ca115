"""What one OS process and the broker have going: what is said, in which order, and whom it is for what is heard.

All state is changed inside `exclusive`, and nothing here blocks but the goodbye: how a thread waits is in `calls`, and which of them reads
in `turns`. What is said is on its way once its caller waits, at the latest when the attendant comes round.
"""

from __future__ import annotations

import select
import struct
import threading
import time
from typing import Any, Callable, NamedTuple, Optional, Protocol

from . import wire
from .areas import Areas
from .attendant import Attendant
from .connection import Connection, Frame
from .errors import BrokerLost
from .interrupt import Exclusive
from .throng import Throng
from .turn import Turn, ears
from .turns import Turns

__all__ = ["CROWD", "Answer", "Session"]

#: Nobody holds back for less unsent than this, in bytes; and puts wait for the socket while it is more than that.
CROWD = 64 * 1024
_MOST_UNSENT = 512 * 1024


class Answer(NamedTuple):
    """What the broker said to a request."""

    kind: int
    flags: int
    body: bytes


class Side(Protocol):
    """One use of a channel: puts to it, or gets from it."""

    def hear(self, kind: int, flags: int, body: memoryview) -> None: ...

    def lose(self) -> None:
        """The broker is gone: nothing that the caller could do without it may succeed any more."""


class Session:
    def __init__(self, connection: Connection, welcome: "dict[str, Any]") -> None:
        self.connection = connection
        #: Shared memory, for large items.
        self.areas = Areas(connection)
        self.welcome = welcome
        self.channels: "dict[str, dict[str, Any]]" = {
            f"{channel['kind']} {channel['name']}": channel for channel in welcome["channels"]
        }
        self.lock = threading.RLock()
        self.exclusive = Exclusive(self.lock)
        self.attendant = Attendant(self.tick)
        self.lost: Optional[str] = None
        #: Goodbye was said, and goodbye was heard.
        self.parting = False
        self.parted = False
        #: This process was forked of the one whose session it is.
        self.inherited = False
        #: The producer whose items are not yet in a frame. There is at most one, so that calls keep their order.
        self.batch: Any = None
        #: The last one whose items got into a frame since something was sent.
        self._sealed: Any = None
        self.producers: "dict[int, Any]" = {}
        self.consumers: "dict[int, Any]" = {}
        self._answers: "dict[int, Optional[Answer]]" = {}
        self._last_request = 0
        #: How often something was sent, and how often the attendant knows of.
        self._sends = 0
        self._sends_seen = 0
        #: When what had arrived was last heard, of `time.monotonic`.
        self.listened_at = 0.0
        self.turns = Turns(connection)
        self._throngs: "dict[object, Throng]" = {}
        #: The broker's questions whether anything but it could wake this process.
        self.asked: "list[int]" = []
        #: For how many seconds the run has been paused: no time limit counts them.
        self.paused = 0.0

    # Speaking

    def throng(self, kind: object, most: int) -> Throng:
        """Of those questions of which only so many are under way."""
        return self._throngs.setdefault(kind, Throng(most))

    def ask(self, frame: "Callable[[int], bytes]") -> int:
        """Says the frame that carries a new request; `answer` has what came of it."""
        return self.ask_in_pieces(lambda request: [frame(request)])

    def ask_in_pieces(self, frame: "Callable[[int], list[bytes]]") -> int:
        """The same for a frame of several pieces."""
        while True:
            self._last_request = (self._last_request + 1) & 0xFFFFFFFF
            if self._last_request not in self._answers:
                break
        self._answers[self._last_request] = None
        self.seal()
        self.report()
        self.connection.say(*frame(self._last_request))
        return self._last_request

    def answer(self, request: int) -> Optional[Answer]:
        answer = self._answers[request]
        if answer is not None:
            del self._answers[request]
        return answer

    def forget(self, request: int) -> None:
        self._answers.pop(request, None)

    def say(self, frame: bytes) -> None:
        """Queues a frame behind all that was said and put before."""
        self.seal()
        self.connection.say(frame)

    def seal(self) -> None:
        """Makes a frame of the items that are in none yet."""
        if self.batch is not None:
            self._sealed, self.batch = self.batch, None
            self._sealed.seal()

    def flush(self) -> None:
        """Sends all that was put, taken, done and said, as far as the socket takes it now."""
        self.seal()
        self.report()
        self.send()
        if self._sealed is not None:
            sealed, self._sealed = self._sealed, None
            sealed.reopen()

    def report(self) -> None:
        """Says what was taken and done until now, before whatever it makes a difference to."""
        for consumer in self.consumers.values():
            consumer.report()

    def send(self) -> None:
        try:
            if self.lost is None and self.connection.unsent:
                self._sends += 1
                self.connection.send()
        except OSError as error:
            # What the broker said before it closed tells more than that it closed.
            self._listen()
            self._lose(f"the connection to the broker broke: {error.strerror}")

    def is_crowded(self) -> bool:
        """Whether so much is unsent that a put waits for the socket to keep up."""
        if self.connection.unsent >= CROWD:
            self.send()
        return self.connection.unsent > _MOST_UNSENT

    def arm(self) -> None:
        """Something was said that nobody waits for: has it sent within 10 ms."""
        if not self.attendant.start():
            self.flush()

    def tick(self) -> bool:
        """The attendant's round. Returns whether another one is due."""
        if self._sends != self._sends_seen:
            # The program is at it: what it says now is sent by itself, or in the next round.
            self._sends_seen = self._sends
            return True
        with self.exclusive:
            # Who adds something while this is sent, and sees that nobody will come round for it, waits to have it done.
            self.attendant.armed = False
            due = self.batch is not None
            for consumer in self.consumers.values():
                due = consumer.watch() or due
            self.flush()
            due = (due or self.connection.unsent > 0) and self.lost is None and not self.parted
            self._sends_seen = self._sends
            self.attendant.armed = due
            return due

    # Listening

    def listen(self, within: float = 0.0) -> None:
        """Hears what has arrived, without waiting, unless that was done `within` so many seconds."""
        if self.turns.may_read() and (within == 0.0 or time.monotonic() - self.listened_at >= within):
            self._listen()

    def check(self) -> None:
        if self.lost is not None and not self.parted:
            raise BrokerLost(self.lost)
        if self.parting:
            raise BrokerLost("this process is at its end and has said goodbye to the broker")

    def _listen(self) -> None:
        if self.lost is not None:
            return
        self.listened_at = time.monotonic()
        try:
            for frame in self.connection.receive():
                self._hear(frame)
        except BrokerLost as error:
            self._lose(str(error))
        except OSError as error:
            self._lose(f"the connection to the broker broke: {error.strerror}")
        except (ValueError, KeyError, TypeError, struct.error) as error:
            self._lose(f"the broker said what makes no sense: {error}")

    def _hear(self, frame: Frame) -> None:
        kind, flags, channel, body = frame
        if kind == wire.DELIVER:
            if channel in self.consumers:
                self.consumers[channel].hear(kind, flags, body)
        elif kind in (wire.REPLY, wire.GRANTED) or kind == wire.REFUSED and len(body):
            self._settle(wire.read_number(body), Answer(kind, flags, bytes(body)))
        elif kind == wire.ERROR:
            told = wire.read_json(body)
            if "request" in told:
                self._settle(told["request"], Answer(kind, flags, bytes(body)))
            else:
                self._lose(f"the broker closed the connection: {told['message']} ({told['code']})")
        elif kind == wire.ASK:
            self.asked.append(wire.read_number(body))
        elif kind == wire.PAUSED:
            self.paused += wire.read_number(body) / 1000
        elif kind in (wire.AREA, wire.FREED):
            # What it says to that goes behind what was put before.
            self.seal()
            self.areas.hear(kind, flags, channel, body)
        elif kind == wire.GOODBYE:
            self.parted = True
        elif kind in (wire.ROOM, wire.REFUSED, wire.BROKEN) or flags & 1 and kind in (wire.WITHDRAWN, wire.RECALL):
            if channel in self.producers:
                self.producers[channel].hear(kind, flags, body)
        elif channel in self.consumers:
            self.consumers[channel].hear(kind, flags, body)

    def _settle(self, request: int, answer: Answer) -> None:
        if request in self._answers:
            self._answers[request] = answer
            self.turns.wake(request)

    def _lose(self, reason: str) -> None:
        if self.lost is not None:
            return
        self.lost = reason
        self._close_sides()

    def close(self) -> None:
        """Lets go of it without a word: it is another process's."""
        self.inherited = True
        for consumer in self.consumers.values():
            consumer.lose()
        self.connection.close()
        self.areas.close()
        self.turns.close()

    def _close_sides(self) -> None:
        self.batch = None
        sides: "tuple[Side, ...]" = (*self.producers.values(), *self.consumers.values())
        for side in sides:
            side.lose()
        self.turns.wake_all()

    # The end

    def part(self, patience: float) -> Optional[str]:
        """Sends all there is and says goodbye. Returns None once the broker has worked it all through, else why not.

        Does not rely on other threads: they may be suspended, as they are below a signal handler.
        """
        with self.exclusive:
            self.flush()
            if not self.parting:
                self.parting = True
                self.seal()
                self.connection.finish(wire.bare(wire.GOODBYE))
            self._close_sides()
        deadline = time.monotonic() + patience
        while True:
            with self.exclusive:
                self.send()
                self._listen()
                if self.parted or self.lost is not None:
                    return None if self.parted else self.lost
                events = select.POLLIN | (select.POLLOUT if self.connection.unsent else 0)
            left = deadline - time.monotonic()
            if left <= 0:
                return f"the broker has not answered the goodbye for {patience:g} s"
            # Another thread may be the one that hears the answer, so look again soon.
            Turn(ears(self.connection.fileno(), events)).block(min(left, 0.02))
