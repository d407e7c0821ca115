"""Large items go through memory that is shared with those who take them: written there once, read once, with a few bytes to the
broker to say where. It lends the memory, and takes it back when an item is over.

Whatever does not work out, a full memory above all, is no error: the item then goes over the socket, as it would have without. All
of it is called inside `exclusive`.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Optional

from . import wire

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["Areas", "Aside", "Plots"]

#: So much of an area stays in memory while nothing lies there.
_KEPT = 4 * 1024 * 1024
_PAGE = 4096


class Plots:
    """Where in an area there is room for an item.

    What lies lowest is used first: memory that was used just now is the fastest to use again, and what lies above is given back sooner.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        #: The end of the highest plot since it was last empty.
        self.top = 0
        #: Where each begins, in order, and where it ends.
        self._starts: "list[int]" = []
        self._ends: "list[int]" = []

    @property
    def empty(self) -> bool:
        return not self._starts

    def take(self, size: int) -> int:
        """Where an item of that size can lie from now on; -1: nowhere."""
        length = -(-size // _PAGE) * _PAGE
        at = index = 0
        for start, end in zip(self._starts, self._ends):
            if start - at >= length:
                break
            at = end
            index += 1
        if at + length > self.size:
            return -1
        self._starts.insert(index, at)
        self._ends.insert(index, at + length)
        self.top = max(self.top, at + length)
        return at

    def free(self, at: int) -> None:
        """Nothing lies there any more."""
        index = bisect_left(self._starts, at)
        if index < len(self._starts) and self._starts[index] == at:
            del self._starts[index], self._ends[index]


class _Ours:
    """Lent to this process for what it puts to one channel."""

    def __init__(self, area: int, descriptor: int, size: int) -> None:
        self.area = area
        self.descriptor = descriptor
        self.plots = Plots(size)
        #: The system had no memory left. Until something is free again it is not tried.
        self.full = False


class Aside:
    """An item that lies in shared memory, until somebody wants its bytes."""

    def __init__(self, descriptor: int, at: int, size: int) -> None:
        self._descriptor = descriptor
        self._at = at
        self._size = size

    def read(self) -> bytes:
        # What is not there, because somebody has cut the file short, is zeros.
        return os.pread(self._descriptor, self._size, self._at).ljust(self._size, b"\0")


class Areas:
    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        #: By channel, and by their numbers.
        self._ours: "dict[int, _Ours]" = {}
        self._theirs: "dict[int, int]" = {}
        #: Channels for which none is wanted any more, whatever is on its way.
        self._left: "set[int]" = set()

    def put(self, channel: int, data: bytes, manner: "tuple[int, Optional[float]]") -> bool:
        """Lays an item down and says so. False: it cannot be."""
        ours = self._ours.get(channel)
        if ours is None or ours.full:
            return False
        size = len(data)
        at = ours.plots.take(size)
        if at < 0:
            return False
        if not _write_all(ours.descriptor, data, at):
            _vacate(ours, at)
            ours.full = True
            return False
        self._connection.say(wire.put_aside(channel, (ours.area, at, size), *manner))
        return True

    def item(self, body: memoryview, start: int = 0) -> Aside:
        """What a delivery says lies there."""
        area, at, size = wire.read_place(body, start)
        return Aside(self._theirs[area], at, size)

    def hear(self, kind: int, flags: int, channel: int, body: memoryview) -> None:
        if kind == wire.FREED:
            self._free(*wire.read_room(body))
            return
        told = wire.read_json(body)
        if flags == wire.GONE:
            descriptor = self._theirs.pop(told["area"], None)
            if descriptor is not None:
                os.close(descriptor)
        elif flags == wire.LENT_AREA:
            self._borrow(channel, told)
        else:
            descriptor = _open(told, os.O_RDONLY)
            if descriptor is not None:
                self._theirs[told["area"]] = descriptor
                self._connection.say(wire.number(wire.AREA_READY, 0, told["area"]))

    def leave(self, channel: int) -> None:
        """Nothing more is put to that channel."""
        self._left.add(channel)
        ours = self._ours.pop(channel, None)
        if ours is not None:
            os.close(ours.descriptor)
            self._connection.say(wire.number(wire.LEAVE_AREA, 0, ours.area))

    def close(self) -> None:
        """They are another process's."""
        for descriptor in (*self._theirs.values(), *(ours.descriptor for ours in self._ours.values())):
            os.close(descriptor)
        self._theirs.clear()
        self._ours.clear()

    def _borrow(self, channel: int, told: "dict[str, Any]") -> None:
        if channel in self._left:
            self._connection.say(wire.number(wire.LEAVE_AREA, 0, told["area"]))
            return
        ours = self._ours.get(channel)
        if ours is not None:
            ours.plots.size = told["bytes"]
            return
        descriptor = _open(told, os.O_RDWR)
        if descriptor is not None:
            self._ours[channel] = _Ours(told["area"], descriptor, told["bytes"])
        else:
            self._left.add(channel)
            self._connection.say(wire.number(wire.LEAVE_AREA, 0, told["area"]))

    def _free(self, area: int, at: int) -> None:
        for ours in self._ours.values():
            if ours.area == area:
                _vacate(ours, at)


def _vacate(ours: _Ours, at: int) -> None:
    ours.plots.free(at)
    ours.full = False
    if ours.plots.empty and ours.plots.top > _KEPT:
        # Nothing lies there. What a rush has used is not kept for the next one.
        os.ftruncate(ours.descriptor, _KEPT)
        ours.plots.top = 0


def _open(told: "dict[str, Any]", flags: int) -> Optional[int]:
    """None where it cannot be opened, or is another one: in a container of its own a process sees others under these numbers."""
    def is_it(found: os.stat_result) -> bool:
        return stat.S_ISREG(found.st_mode) and (found.st_dev, found.st_ino) == (told["device"], told["inode"])

    try:
        if not is_it(os.stat(told["path"])):
            return None
        # Should it be another one by now, then nothing is waited for there.
        descriptor = os.open(told["path"], flags | os.O_NONBLOCK)
    except OSError:
        return None
    if is_it(os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    return None


def _write_all(descriptor: int, data: bytes, at: int) -> bool:
    """False where the system has no memory left for it."""
    try:
        written = os.pwrite(descriptor, data, at)
        while written < len(data):
            written += os.pwrite(descriptor, memoryview(data)[written:], at + written)
    except OSError:
        return False
    return True
