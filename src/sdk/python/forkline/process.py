"""This OS process as Forkline sees it: who it is, its one session, and what becomes of that at a fork and at the end.

A session is opened at the first call that needs one. A forked child starts with none: what its parent has put, holds
and waits for stays the parent's.
"""

from __future__ import annotations

import atexit
import os
import select
import sys
import threading
from typing import Any, Callable, NamedTuple, Optional, Protocol

from . import wire
from .connection import Connection, connect
from .errors import BrokerLost, ForklineError, NotGranted, NotInARun
from .session import Session
from .version import VERSION

__all__ = [
    "Process",
    "at_each_opening",
    "current_process",
    "is_child",
    "part",
    "part_at_exit",
    "session",
    "when_opened",
]

#: How long the broker may take to answer the first word, in seconds.
_WELCOME_TIMEOUT = 30.0

#: The process that imported this; in a forked child it is another one's.
_first_pid = os.getpid()


class Process(NamedTuple):
    """Which process of the run this is."""

    #: The instance's name, such as `chef.1`.
    name: str
    pid: int
    #: Which of the instances of its process it is, from 1.
    replica: int
    run_id: str


def current_process() -> Process:
    """Which process of the run this is. Raises NotInARun outside of one."""
    name = _environment("FORKLINE_PROCESS")
    _, _, number = name.rpartition(".")
    replica = int(number) if number.isdigit() else 1
    return Process(name, os.getpid(), replica, _environment("FORKLINE_RUN_ID"))


class Bound(Protocol):
    """Something that knows the session, and must forget it in a forked child."""

    def unbind(self) -> None: ...


_session: Optional[Session] = None
_opening = threading.RLock()
#: The thread that has `_opening` is in the midst of it.
_in_opening = False
_bound: "set[Bound]" = set()
_when_opened: "list[Callable[[], None]]" = []
_at_each_opening: "list[Callable[[], None]]" = []


def session(user: Bound) -> Session:
    """This process's session. `user` is told when it is no longer this process's."""
    global _in_opening
    opened = _session
    if opened is not None and user in _bound:
        return opened
    with _opening:
        if _in_opening:
            raise RuntimeError("called from a signal handler, in the midst of another call of Forkline's")
        _in_opening = True
        try:
            return _open_for(user)
        finally:
            _in_opening = False


def _open_for(user: Bound) -> Session:
    global _session
    if _session is None:
        _session = _open()
        for call in _at_each_opening:
            call()
        while _when_opened:
            _when_opened.pop()()
    _bound.add(user)
    return _session


def part(patience: float = 3600.0) -> Optional[str]:
    """Sends all that is to be sent and says goodbye, if there is a session. Returns why it could not, or None."""
    ending = _session
    if ending is None or ending.parted:
        return None
    return ending.part(patience)


def when_opened(call: "Callable[[], None]") -> None:
    """Calls it once this process has a session."""
    _when_opened.append(call)


def at_each_opening(call: "Callable[[], None]") -> None:
    """Calls it whenever a process has a session, this one or one that is forked of it."""
    _at_each_opening.append(call)


def busy_here() -> bool:
    """Whether this very thread is in the midst of a call: it is below us, if this is a signal handler."""
    return _session is not None and _session.lock._is_owned()  # type: ignore[attr-defined]


def _environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise NotInARun(
            f"this program was not started by Forkline (`{name}` is not set): "
            "name it in a pipeline, as a process's `target`, `run` or `command`, and start that by `forkline run`"
        )
    return value


def _open() -> Session:
    path = os.environ.get("FORKLINE_SOCKET")
    name = _environment("FORKLINE_PROCESS")
    if not path:
        raise NotGranted(f"the pipeline lets `{name}` use no queue, pipe or lock, set no output and control no other process")
    connected = connect(path)
    try:
        connection = Connection(connected)
        token = _environment("FORKLINE_TOKEN")
        connection.say(wire.hello(name, token, os.getpid(), f"python {VERSION}", is_child(), pauses=True, areas=True))
        return Session(connection, _welcome(connection))
    except BaseException:
        connected.close()
        raise


def is_child() -> bool:
    """Whether the program made this process for itself: by a fork, or by multiprocessing in whatever way."""
    multiprocessing = sys.modules.get("multiprocessing.process")
    return os.getpid() != _first_pid or (multiprocessing is not None and multiprocessing.parent_process() is not None)


def _welcome(connection: Connection) -> "dict[str, Any]":
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    try:
        connection.send()
        while poll.poll(_WELCOME_TIMEOUT * 1000):
            for frame in connection.receive():
                told = wire.read_json(frame.body)
                if frame.kind == wire.WELCOME:
                    return told  # type: ignore[no-any-return]
                raise ForklineError(f"the broker refused this process: {told['message']} ({told['code']})")
    except OSError as error:
        raise BrokerLost(f"the broker closed the connection at once: {error.strerror}") from error
    raise BrokerLost(f"the broker has not answered for {_WELCOME_TIMEOUT:g} s")


# The end

def part_at_exit() -> None:
    """Says goodbye; where that fails, says so to whoever reads the log, as nobody is left to raise it to."""
    if _session is None:
        return
    producers = _session.producers.values()
    if producers and all(producer.abandoned for producer in producers):
        part(patience=0)
        return
    failure = part()
    if failure is not None and producers:
        print(f"forkline: what this process put may not have reached its queue: {failure}", file=sys.stderr)


atexit.register(part_at_exit)


# Forks

def _before_fork() -> None:
    _opening.acquire()
    if _session is not None:
        # The program forks with no thread of ours, and with no call half done.
        _session.attendant.end()
        _session.lock.acquire()


def _after_fork_in_parent() -> None:
    if _session is not None:
        if _session.batch is not None or _session.connection.unsent:
            _session.arm()
        _session.lock.release()
    _opening.release()


def _after_fork_in_child() -> None:
    global _session, _opening, _in_opening
    _opening = threading.RLock()
    _in_opening = False
    if _session is not None:
        _session.close()
        _session = None
    for user in _bound:
        user.unbind()
    _bound.clear()
    _when_opened.clear()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
