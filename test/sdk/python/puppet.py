"""A program in its own process, and the broker's part played by the test: by hand, frame by frame.

So a test decides what the program hears and when, and sees all that it says; nothing sleeps and nothing is a race.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
from typing import Any, NamedTuple, Optional

SDK = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "..", "src", "sdk", "python"))
sys.path.insert(0, SDK)

from forkline import wire  # noqa: E402

#: Nothing here takes so long, in seconds, unless it hangs.
PATIENCE = 20.0

QUEUE = {
    "id": 1,
    "name": "dishes",
    "kind": "queue",
    "puts": True,
    "gets": True,
    "order": "fifo",
    "overflow": "block",
    "encoding": "json",
    "maxsize": 5,
    "maxBytes": 1 << 26,
    "confirm": False,
    "delivery": "at-least-once",
    "judged": False,
}
LOCK = {"id": 2, "name": "mutex", "kind": "lock", "lock": "mutex", "reentrant": False, "owned": True}


class Said(NamedTuple):
    kind: int
    flags: int
    channel: int
    body: bytes

    @property
    def number(self) -> int:
        return int(struct.unpack_from(">I", self.body)[0])


class Line:
    """One connection of the program's, seen from the broker's side."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        connected.settimeout(PATIENCE)

    def next(self) -> Optional[Said]:
        """The next frame; None at the end of the connection."""
        head = self._exactly(8)
        if head is None:
            return None
        length, kind, flags, channel = struct.unpack(">IBBH", head)
        body = self._exactly(length - 4)
        assert body is not None, "the connection ended within a frame"
        return Said(kind, flags, channel, body)

    def expect(self, kind: int, flags: int = 0) -> Said:
        said = self.next()
        assert said is not None, f"expected a frame of type {kind}, and the connection ended"
        assert (said.kind, said.flags) == (kind, flags), f"expected {kind} with flags {flags}, got {str(said)[:200]}"
        return said

    def expect_items(self) -> "list[bytes]":
        return wire.split(self.expect(wire.PUT).body)

    def expect_end(self) -> None:
        said = self.next()
        assert said is None, f"expected the end of the connection, got {str(said)[:200]}"

    def say(self, kind: int, channel: int = 0, body: bytes = b"", flags: int = 0) -> None:
        self._socket.sendall(struct.pack(">IBBH", 4 + len(body), kind, flags, channel) + body)

    def room(self, count: int, size: int = 1 << 20) -> None:
        self.say(wire.ROOM, 1, struct.pack(">II", count, size))

    def deliver(self, *items: bytes) -> None:
        self.say(wire.DELIVER, 1, items_body(*items))

    def redeliver(self, attempt: int, *items: bytes) -> None:
        self.say(wire.REDELIVER, 1, struct.pack(">I", attempt) + items_body(*items))

    def reply(self, said: Said, value: Any = None) -> None:
        self.say(wire.REPLY, said.channel, said.body[-4:] + (b"" if value is None else json.dumps(value).encode()))

    def until(self, kind: int, flags: int = 0) -> Said:
        """The next frame of this kind, whatever comes before it."""
        while True:
            said = self.next()
            assert said is not None, f"expected a frame of type {kind}, and the connection ended"
            if (said.kind, said.flags) == (kind, flags):
                return said

    def part(self) -> None:
        """Answers the goodbye, which must be the next frame."""
        self.expect(wire.GOODBYE)
        self.say(wire.GOODBYE)
        self.close()

    def close(self) -> None:
        self._socket.close()

    def _exactly(self, count: int) -> Optional[bytes]:
        got = b""
        while len(got) < count:
            piece = self._socket.recv(count - len(got))
            if not piece:
                assert not got, f"the connection ended after {got!r}"
                return None
            got += piece
        return got


class Puppet:
    """`with Puppet(code) as program:` runs Python code with this SDK and lets the test be its broker."""

    def __init__(self, code: str = "", *channels: "dict[str, Any]", argv: "Optional[list[str]]" = None) -> None:
        self._channels = channels or (QUEUE, LOCK)
        self._lines: "list[Line]" = []
        self.folder = tempfile.mkdtemp(prefix="forkline-")
        path = os.path.join(self.folder, "socket")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen()
        self._listener.settimeout(PATIENCE)
        environment = {
            **os.environ,
            "PYTHONPATH": SDK,
            "FORKLINE_SOCKET": path,
            "FORKLINE_TOKEN": "c0ffee",
            "FORKLINE_PROCESS": "chef.1",
            "FORKLINE_RUN_ID": "run-1",
            "FORKLINE_RUN_DIR": self.folder,
        }
        self.process = subprocess.Popen(
            [sys.executable, *(argv or ["-c", PRELUDE + textwrap.dedent(code)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def accept(self) -> Line:
        """The program's next connection, after the greetings."""
        line = Line(self._listener.accept()[0])
        self._lines.append(line)
        self.hello = json.loads(line.expect(wire.HELLO).body)
        line.say(wire.WELCOME, 0, json.dumps({"protocol": 1, "run": "run-1", "channels": self._channels}).encode())
        return line

    def listen(self) -> socket.socket:
        """The program's next connection, before any greeting."""
        return self._listener.accept()[0]

    def tell(self, text: str) -> None:
        """A line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def end(self) -> "tuple[int, str, str]":
        """Its exit code, and the rest of what it printed, when it has ended."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err

    def __enter__(self) -> "Puppet":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self._listener.close()
        for line in self._lines:
            line.close()
        shutil.rmtree(self.folder, ignore_errors=True)


PRELUDE = """
import os, signal, sys, threading, time
from forkline import *
q = queue("dishes")
mutex = lock("mutex")
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
"""


def items_body(*items: bytes) -> bytes:
    return struct.pack(">I", len(items)) + b"".join(struct.pack(">I", len(item)) + item for item in items)
