"""The real broker, run as the runner runs it: a process of Node's that is spoken to over its IPC channel."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import tempfile
from typing import Any, Optional

KEY = "00" * 32

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")

#: What the build made of src/broker/main.ts.
ARGV = ["node", os.path.join(ROOT, "bin", "broker.cjs"), os.path.join(ROOT, "dist")]


def queue(name: str, producers: "list[str]", consumers: "list[str]", **settings: Any) -> "dict[str, Any]":
    usual = {
        "kind": "queue",
        "at": {"file": "", "line": 1, "column": 1},
        "order": "fifo",
        "overflow": "block",
        "maxsize": 0,
        "maxBytes": 64 * 1024 * 1024,
        "encoding": "json",
        "confirm": False,
        "delivery": "at-least-once",
        "item": None,
        "from": None,
        "to": None,
        "attempts": 3,
        "deadLetter": None,
        "leftover": "fail",
        "group": None,
    }
    return {**usual, "name": name, "producers": producers, "consumers": consumers, **settings}


def pipe(name: str, ends: "list[str]", **settings: Any) -> "dict[str, Any]":
    at = {"file": "", "line": 1, "column": 1}
    return {"kind": "pipe", "name": name, "at": at, "encoding": "json", "duplex": True, "ends": ends, **settings}


def lock(name: str, users: "list[str]", **settings: Any) -> "dict[str, Any]":
    usual = {
        "kind": "lock",
        "at": {"file": "", "line": 1, "column": 1},
        "lock": "mutex",
        "permits": 1,
        "reentrant": False,
        "owned": True,
        "scope": "run",
        "strict": False,
    }
    return {**usual, "name": name, "users": users, **settings}


class Broker:
    def __init__(self, *channels: "dict[str, Any]") -> None:
        self.folder = tempfile.mkdtemp(prefix="forkline-")
        self.path = os.path.join(self.folder, "socket")
        ours, theirs = socket.socketpair()
        environment = {**os.environ, "NODE_CHANNEL_FD": str(theirs.fileno())}
        self.process = subprocess.Popen(ARGV, pass_fds=[theirs.fileno()], env=environment)
        theirs.close()
        self._channel = ours
        self._lines = ours.makefile("rwb")
        self._request = 0
        self.tell(type="open", socket=self.path, runId="run", key=KEY, channels=list(channels))
        self.hear("listening")

    def tell(self, **command: Any) -> None:
        self._lines.write(json.dumps(command).encode() + b"\n")
        self._lines.flush()

    def hear(self, kind: str) -> "dict[str, Any]":
        for line in self._lines:
            notice: "dict[str, Any]" = json.loads(line)
            if notice["type"] == kind:
                return notice
        raise AssertionError(f"the broker ended before it said {kind}")

    def ask(self, **command: Any) -> Any:
        self._request += 1
        self.tell(request=self._request, **command)
        answer = self.hear("answer")
        assert "error" not in answer, answer
        return answer["value"]

    def end(self, node: str, held: str = "done", stream: str = "end", succeeded: bool = True) -> "dict[str, Any]":
        """What the runner says when nothing of a process is left. Returns the broker's account of it."""
        account: "dict[str, Any]" = self.ask(type="gone", node=node, abandon=False)
        self.tell(type="settle", node=node, held=held, stream=stream, succeeded=succeeded)
        return account

    def counts(self) -> Any:
        return self.ask(type="count")["queues"]

    def environment(self, instance: str) -> "dict[str, str]":
        token = hmac.new(bytes.fromhex(KEY), instance.encode(), hashlib.sha256).hexdigest()
        return {
            "FORKLINE_SOCKET": self.path,
            "FORKLINE_TOKEN": token,
            "FORKLINE_PROCESS": instance,
            "FORKLINE_RUN_ID": "run",
            "FORKLINE_RUN_DIR": self.folder,
        }

    def close(self) -> None:
        try:
            self.tell(type="close")
        except OSError:
            pass
        self._lines.close()
        self._channel.close()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
