"""The putting side of a queue: what was put and is in no frame yet, and how much room there is.

`left` is how many items of up to `most` bytes may be added to the open batch without asking anybody, and `fresh` how large
one may be that opens the next batch. The fast paths here and in `queues` use them without a lock, which is sound where the interpreter
changes threads and runs signal handlers only at calls and jumps back (`STEPS_ARE_WHOLE`); elsewhere nothing may, and every
put takes the lock. What was really used up is counted by those who hold that.
"""

from __future__ import annotations

import time
from collections import deque
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, Any, Optional

from . import wire
from .encoding import encodings
from .errors import BrokenQueue, ShutDown
from .manner import Manner
from .steps import STEPS_ARE_WHOLE
from .wants import Waiting, Wants

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Producer"]

#: A batch is sent once it has so many bytes.
_BATCH_BYTES = 64 * 1024
_BATCH_ITEMS = 4096

#: An item is larger than others of its batch if it has so many times their bytes; then it takes the lock.
_UNUSUAL = 64

#: Not even an item of no bytes.
_NOTHING = -1

#: What was heard so recently is still how it is, in seconds.
_FRESH = 0.001


class Producer:
    def __init__(self, session: "Session", channel: "dict[str, Any]") -> None:
        self.session = session
        self.name: str = channel["name"]
        self.channel: int = channel["id"]
        #: The broker looks at every item, and answers: there is nothing more to confirm.
        self.judged: bool = channel["judged"]
        self.confirm: bool = channel["confirm"] and not self.judged
        self.settings = channel
        #: Whether no put waits for room.
        self.fails: bool = channel["overflow"] == "fail"
        self.encode = encodings[channel["encoding"]].encode
        self.left = 0
        self.fresh = _NOTHING
        self.most = 0
        self.batch: "list[bytes]" = []
        #: Those who wait for room, in order of arrival. While there are any, nobody overtakes them.
        self.line: "deque[Waiting]" = deque()
        self.wants = Wants(session, self.channel)
        self.closed = False
        #: Nothing more may be put but what waits in line.
        self._closing = False
        self.abandoned = False
        #: What may be put, what is in the open batch included.
        self._room_items = 0
        self._room_bytes = 0
        #: Of the open batch, how many items were looked at, and their bytes.
        self._counted_items = 0
        self._counted_bytes = 0
        self._broken = False

    def refusal(self, in_line: bool = False) -> Optional[Exception]:
        """Why nothing may be put any more, or not even by one that is in line."""
        if self._broken:
            return BrokenQueue(f"queue `{self.name}` has no consumer left")
        if self.closed or self._closing and not in_line:
            return ShutDown(f"queue `{self.name}` is closed: this process puts no more to it")
        return None

    def begin(self, data: bytes) -> bool:
        """Opens a batch with it, without the lock, if there is nothing else to do. Returns whether it has."""
        size = len(data)
        session = self.session
        heard = time.monotonic() - session.listened_at
        # No call between here and `append`: what is true now still is then.
        if (
            size <= self.fresh
            and heard < _FRESH
            and session.batch is None
            and session.attendant.armed
            and not session.parting
            and session.connection.unsent <= _BATCH_BYTES
        ):
            session.batch = self
            self.fresh = _NOTHING
            self.batch.append(data)
            return True
        return False

    def put_at_once(self, data: bytes) -> bool:
        """Puts it plainly, unless somebody waits or it would have to, or must not be put at all."""
        session = self.session
        if self.line or self.judged:
            return False
        if self.extend([data]):
            return True
        self.fresh = _NOTHING
        session.listen(within=_FRESH)
        if session.lost is not None or session.parting or self._broken or self.closed:
            return False
        session.seal()
        return not session.is_crowded() and self.admit(data, None)

    def extend(self, items: "list[bytes]") -> int:
        """Adds to the open batch as many of them as it takes. Returns how many."""
        if self.session.batch is not self:
            return 0
        self._count()
        left_items = max(0, min(self._room_items, _BATCH_ITEMS) - self._counted_items)
        left_bytes = min(self._room_bytes, _BATCH_BYTES) - self._counted_bytes
        fitting = list(takewhile(left_bytes.__ge__, accumulate(map(len, items[:left_items]))))
        if fitting:
            self.batch.extend(items[: len(fitting)])
            self._open()
        return len(fitting)

    def _open(self) -> None:
        """Lets puts add to the batch by themselves, for which there is room even if all are as large as they may be."""
        self._count()
        # Nobody overtakes those who wait, of whom one may just be about to leave; nor is anything put behind them once it is to be closed.
        if not STEPS_ARE_WHOLE or self.confirm or len(self.line) > 1 or self._closing:
            return
        usual = max(1, self._counted_bytes // self._counted_items)
        self.most = _UNUSUAL * usual
        self.left = max(
            0,
            min(
                min(self._room_items, _BATCH_ITEMS) - self._counted_items,
                (self._room_bytes - self._counted_bytes) // self.most,
                (_BATCH_BYTES - self._counted_bytes) // usual,
            ),
        )

    def reopen(self) -> None:
        """Lets a put open the next batch by itself: the last one was sent. Whatever makes a difference to that takes it back."""
        if STEPS_ARE_WHOLE and self._room_items and not self.line and not self.confirm and self.refusal() is None:
            self.fresh = min(self._room_bytes, wire.LEAST_ASIDE - 1)

    def stand_in_line(self, waiting: Waiting) -> None:
        self.fresh = _NOTHING
        self.line.append(waiting)

    def leave_line(self, waiting: Waiting) -> None:
        if waiting in self.line:
            self.line.remove(waiting)
            self.wake_first()
            if self._closing and not self.line:
                self._say_close()

    def _count(self) -> None:
        """Counts what puts have added by themselves, which they do no more."""
        self.left = 0
        new = self.batch[self._counted_items :]
        self._counted_items += len(new)
        self._counted_bytes += sum(map(len, new))

    def admit(self, data: bytes, manner: Optional[Manner]) -> bool:
        """Puts it in a new batch, or, if not plainly, in a frame of its own, if there is room; what was put before must be in a frame."""
        size = len(data)
        session = self.session
        if self._room_items < 1 or self._room_bytes < size:
            return False
        if size >= wire.LEAST_ASIDE and session.areas.put(self.channel, data, manner or (0, None)):
            self._room_items -= 1
            self._room_bytes -= size
            session.flush()
            if session.connection.unsent:
                session.arm()
            return True
        if manner is not None:
            self._room_items -= 1
            self._room_bytes -= size
            session.connection.say(*wire.put(self.channel, [data], size, *manner))
        else:
            # A put to another queue may have opened one since, without the lock.
            other, session.batch = session.batch, self
            if other is not None:
                other.seal()
            self.batch.append(data)
        if not session.attendant.armed:
            # The first after a pause: nothing to send it together with.
            session.flush()
            session.arm()
        elif manner is None:
            self._open()
        return True

    def offer(self, data: bytes, manner: Optional[Manner]) -> Optional[int]:
        """Offers it, if there is room; gives the request that the broker's word on it answers."""
        size = len(data)
        if self._room_items < 1 or self._room_bytes < size:
            return None
        self._room_items -= 1
        self._room_bytes -= size
        flags, priority = manner or (0, None)
        return self.session.ask_in_pieces(
            lambda request: wire.offer(self.channel, request, priority or 0.0, data, flags)
        )

    def seal(self) -> None:
        """Makes a frame of the batch."""
        self._count()
        items, size = self.batch, self._counted_bytes
        self._begin_batch()
        if items:
            self._room_items -= len(items)
            self._room_bytes -= size
            self.session.connection.say(*wire.put(self.channel, items, size))

    def _begin_batch(self) -> None:
        self.left = 0
        self.batch = []
        self._counted_items = self._counted_bytes = 0

    def close(self) -> None:
        """What is in line is still put. Nothing is that comes later."""
        self.fresh = _NOTHING
        # Whoever opens a batch from here on is in line.
        self.session.seal()
        self._closing = True
        if not self.line:
            self._say_close()

    def _say_close(self) -> None:
        if not self.closed:
            self.session.say(wire.bare(wire.CLOSE, self.channel))
            self.session.areas.leave(self.channel)
            self.closed = True
            # The broker has taken it back with that: what it asks for meanwhile it has.
            self._room_items = self._room_bytes = 0
            self.session.arm()

    def hear(self, kind: int, flags: int, body: memoryview) -> None:
        self._hear(kind, flags, body)
        self.wake_first()
        if kind == wire.WITHDRAWN:
            self.session.turns.wake(self)

    def wake_first(self) -> None:
        """Who is next in line; whoever is behind that one is woken when it leaves."""
        if self.line:
            self.session.turns.wake(self.line[0])

    def _hear(self, kind: int, flags: int, body: memoryview) -> None:
        if kind == wire.ROOM and not self.closed:
            count, size = wire.read_room(body)
            self._room_items += count
            self._room_bytes += size
            self.wants.open = False
            if self.fails and not self.line:
                # Room that nobody uses would make another's put fail.
                self._give_room()
        elif kind == wire.REFUSED:
            self.wants.were_refused()
            self.closed = self.closed or bool(flags & 1)
        elif kind == wire.BROKEN:
            self.fresh = _NOTHING
            # What was put before this was heard crosses it on the way, and the broker accounts for it.
            self.session.seal()
            self._broken = True
            self._void()
        elif kind == wire.WITHDRAWN:
            self.wants.withdrawn -= 1
            # It came for one who has given up. Who does something else now would keep it from others.
            if not self.line:
                self._give_room()
        elif kind == wire.RECALL and not self.line:
            self._give_room()

    def lose(self) -> None:
        self._void()

    def _void(self) -> None:
        """What is in no frame yet is lost with the room for it."""
        self.fresh = _NOTHING
        self._begin_batch()
        self._room_items = self._room_bytes = 0

    def _give_room(self) -> None:
        self.fresh = _NOTHING
        self.session.seal()
        if self._room_items > 0:
            self.session.say(wire.room(wire.GIVE_ROOM, self.channel, self._room_items, self._room_bytes))
            self._room_items = self._room_bytes = 0
            self.session.arm()
