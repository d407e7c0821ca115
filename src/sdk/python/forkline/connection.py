"""One connection to the broker: frames in, bytes out, neither of them blocking.

Knows where frames begin and end and nothing of what they mean. Whoever uses it holds a lock around each call, and waits
for the socket outside.
"""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from itertools import islice
from typing import Iterator, NamedTuple

from . import wire
from .errors import BrokerLost

__all__ = ["Connection", "Frame", "connect"]

#: How long the broker may be too busy to accept, in seconds.
CONNECT_TIMEOUT = 5.0

_BUFFER = 256 * 1024
#: A buffer that has grown beyond this is given up once it is empty.
_LARGEST_KEPT = 4 * 1024 * 1024
_PIECES_AT_ONCE = 512
#: A lost broker is an error of the call, never a SIGPIPE.
_QUIETLY = getattr(socket, "MSG_NOSIGNAL", 0)


class Frame(NamedTuple):
    kind: int
    flags: int
    channel: int
    #: Valid until the next frame is asked for.
    body: memoryview


class Connection:
    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._unsent: "deque[bytes | memoryview]" = deque()
        #: How many bytes are to be sent.
        self.unsent = 0
        self._finished = False
        self._memory = memoryview(bytearray(_BUFFER))
        self._start = 0
        self._end = 0

    def fileno(self) -> int:
        return self._socket.fileno()

    def finish(self, frame: bytes) -> None:
        """Appends the last frame. What anybody says later, in answer to what crossed it on the way, is dropped."""
        self.say(frame)
        self._finished = True

    def say(self, frame: bytes, *more: bytes) -> None:
        """Appends to what is to be sent."""
        if self._finished:
            return
        self._unsent.append(frame)
        self.unsent += len(frame)
        if more:
            self._unsent.extend(more)
            self.unsent += sum(map(len, more))

    def send(self) -> None:
        """Sends as much as the socket takes now. Raises OSError where the broker is gone."""
        unsent = self._unsent
        while unsent:
            try:
                if len(unsent) == 1:
                    sent = self._socket.send(unsent[0], _QUIETLY)
                else:
                    sent = self._socket.sendmsg(list(islice(unsent, _PIECES_AT_ONCE)), (), _QUIETLY)
            except BlockingIOError:
                return
            self.unsent -= sent
            if self.unsent == 0:
                unsent.clear()
                return
            while sent:
                piece = unsent[0]
                if sent < len(piece):
                    unsent[0] = memoryview(piece)[sent:]
                    break
                sent -= len(piece)
                unsent.popleft()
            while unsent and not unsent[0]:
                unsent.popleft()

    def receive(self) -> "Iterator[Frame]":
        """The frames that have arrived. Raises BrokerLost at the end of the stream, OSError where it broke."""
        unpack = wire.HEADER.unpack_from
        while True:
            room = len(self._memory) - self._end
            try:
                got = self._socket.recv_into(self._memory[self._end :])
            except BlockingIOError:
                return
            if got == 0:
                raise BrokerLost("the broker has closed the connection")
            self._end += got
            memory = self._memory
            needed = 0
            while self._end - self._start >= 8:
                length, kind, flags, channel = unpack(memory, self._start)
                if length < 4 or length > wire.LONGEST_FRAME and length > 4 + wire.longest(kind):
                    raise BrokerLost(f"the broker sent a frame of type {kind} with a length of {length}")
                end = self._start + 4 + length
                if end > self._end:
                    needed = end - self._start
                    break
                frame = Frame(kind, flags, channel, memory[self._start + 8 : end])
                self._start = end
                yield frame
            self._make_room(needed)
            if got < room:
                return

    def _make_room(self, needed: int) -> None:
        """Lets the rest of a frame of `needed` bytes be received. Grows with what arrives, not with what was announced."""
        have = self._end - self._start
        size = len(self._memory)
        if have == size or size > _LARGEST_KEPT and have == 0:
            size = max(_BUFFER, min(needed, 2 * have))
        elif self._start == 0:
            return
        if have == 0 and size == len(self._memory):
            self._start = self._end = 0
            return
        rest = bytes(self._memory[self._start : self._end])
        if size != len(self._memory):
            self._memory = memoryview(bytearray(size))
        self._memory[:have] = rest
        self._start, self._end = 0, have

    def close(self) -> None:
        """Without a goodbye; does nothing to other processes that have the same socket."""
        self._socket.close()


def connect(path: str) -> socket.socket:
    """Connects to the broker, also while it is too busy to accept. Raises BrokerLost where there is none."""
    address: "str | bytes" = os.fsencode(path)
    deadline = time.monotonic() + CONNECT_TIMEOUT
    pause = 0.001
    while True:
        connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connecting.connect(address)
            return connecting
        except (BlockingIOError, ConnectionRefusedError) as error:
            connecting.close()
            if time.monotonic() + pause > deadline:
                raise BrokerLost(f"no broker accepts connections at {path}: {error.strerror}") from error
        except OSError as error:
            connecting.close()
            raise BrokerLost(f"no broker at {path}: {error.strerror}") from error
        except BaseException:
            connecting.close()
            raise
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
