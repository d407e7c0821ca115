"""Locks as a program sees them: `multiprocessing.Lock`, `RLock` and `Semaphore`, and readers-writer locks, between processes
of any language, free again when their owner dies."""

from __future__ import annotations

import threading
from typing import Any, ContextManager, Optional

from . import process, wire
from .calls import carry_out
from .errors import LockError, NotGranted
from .patience import deadline_after, seconds_of
from .request import error_of
from .session import Answer, Session

__all__ = ["Lock", "lock"]

#: Flags of an `ACQUIRE`.
_TRY, _READ = 1, 2
#: Of a `RELEASE`: no answer unless it is refused.
_QUIET = 1
#: In place of a fence: the oldest grant, whoever has it.
_ANY = 0


class Grant:
    def __init__(self, fence: int, abandoned: bool) -> None:
        self.fence = fence
        self.abandoned = abandoned
        #: The thread that took it, and how often.
        self.thread = threading.get_ident()
        self.times = 1


class Lock:
    """A lock of the pipeline, owned by this process; any of its threads may release it. `with lock("mutex"):` holds it.

    A reentrant one is owned by a thread, which may take it again, and one with `owned: false` by nobody. Every call may raise
    NotInARun, NotGranted where the pipeline does not declare this use, and BrokerLost.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        #: What this process holds, oldest first.
        self.grants: "list[Grant]" = []

    def acquire(self, block: bool = True, timeout: Optional[float] = None, mode: str = "write") -> bool:
        """Waits for the lock, in order of arrival, for at most `timeout` seconds (None: no limit).

        Returns whether it is held now. Without `block` it does not wait. `mode` is "read" to share a lock of `kind: rw` with
        other readers, "write" to be alone.
        """
        session = process.session(self)
        channel = self._channel(session)
        if mode not in ("read", "write"):
            raise ValueError(f'a lock is taken with mode "read" or "write", not {mode!r}')
        if mode == "read" and channel["lock"] != "rw":
            raise LockError(f"lock `{self.name}` cannot be taken to read: it is not of `kind: rw`")
        if channel["reentrant"] and self._again(session):
            return True
        deadline = deadline_after(seconds_of(timeout)) if block else None
        flags = (0 if block else _TRY) | (_READ if mode == "read" else 0)
        result = carry_out(session, _AcquireCall(self, session, channel["id"], flags), deadline)
        if isinstance(result, Exception):
            raise result
        return bool(result)

    def release(self) -> None:
        """Gives back what this thread took last, else what this process has held longest.

        Raises LockError if this process does not hold it; one with `owned: false` may be held by any process.
        """
        session = process.session(self)
        with session.exclusive:
            session.check()
            channel = session.channels.get(f"lock {self.name}")
            grant = self._mine(anyones=channel is None or not channel["reentrant"])
            if grant is not None and grant.times > 1:
                grant.times -= 1
                return
            if grant is not None:
                self.grants.remove(grant)
            elif channel is None or channel["owned"]:
                raise LockError(f"lock `{self.name}` is not held by this {self._owner(channel)}, so it cannot release it")
            identity = self._channel(session)["id"]
            if grant is not None and channel is not None and channel["owned"]:
                give_back(session, identity, grant.fence)
                session.flush()
                return
            fence = _ANY if grant is None else grant.fence
            request = session.ask(lambda request: wire.release(identity, fence, request))
            session.flush()
        # Nobody owns it, so somebody else may have given it back.
        answer: Answer = carry_out(session, _ReleaseCall(session, request), None)
        if answer.kind == wire.ERROR:
            raise error_of(answer)

    def read(self) -> "ContextManager[Lock]":
        """`with lock("page").read():` holds a lock of `kind: rw` to read."""
        return _Reading(self)

    @property
    def fence(self) -> int:
        """The number of this grant: larger than that of every earlier one. Raises LockError if the lock is not held.

        Where this process holds several, it is that of what this thread took last.
        """
        return self._held().fence

    @property
    def abandoned(self) -> bool:
        """Whether the last owner died holding it, so that what it guards may be half-written. Raises as `fence`."""
        return self._held().abandoned

    def _held(self) -> Grant:
        grant = self._mine(anyones=True)
        if grant is None:
            raise LockError(f"lock `{self.name}` is not held by this process")
        return grant

    def _mine(self, anyones: bool) -> Optional[Grant]:
        """What this thread took last; else, with `anyones`, what was taken first."""
        thread = threading.get_ident()
        for grant in reversed(self.grants):
            if grant.thread == thread:
                return grant
        return self.grants[0] if anyones and self.grants else None

    def _again(self, session: Session) -> bool:
        with session.exclusive:
            session.check()
            grant = self._mine(anyones=False)
            if grant is not None:
                grant.times += 1
            return grant is not None

    def _owner(self, channel: "Optional[dict[str, Any]]") -> str:
        return "thread" if channel is not None and channel["reentrant"] else "process"

    def _channel(self, session: Session) -> "dict[str, Any]":
        channel = session.channels.get(f"lock {self.name}")
        if channel is not None:
            return channel
        who = process.current_process().name
        raise NotGranted(
            f"`{who}` may not take lock `{self.name}`: the pipeline does not say so; "
            f"add `locks: {self.name}` to `{who.split('.')[0]}`"
        )

    def __enter__(self) -> "Lock":
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def unbind(self) -> None:
        self.grants = []

    def __reduce__(self) -> "tuple[Any, ...]":
        return lock, (self.name,)

    def __repr__(self) -> str:
        return f"lock({self.name!r})"


_locks: "dict[str, Lock]" = {}


def lock(name: str) -> Lock:
    """The lock of that name in the pipeline. Asks nobody: whether this process may use it shows at the first call."""
    return _locks.setdefault(name, Lock(name))


def give_back(session: Session, channel: int, fence: int) -> None:
    """The grant is ours, so there is nothing to learn from an answer."""
    session.say(wire.release(channel, fence, 0, _QUIET))


class _Reading:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    def __enter__(self) -> Lock:
        self._lock.acquire(mode="read")
        return self._lock

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class _AcquireCall:
    """One thread that waits for a lock."""

    def __init__(self, lock: Lock, session: Session, channel: int, flags: int) -> None:
        self._lock = lock
        self._session = session
        self._channel = channel
        self._flags = flags
        self._request: Optional[int] = None
        self._result: Any = None

    @property
    def cause(self) -> object:
        return self._request

    def attempt(self) -> Any:
        if self._result is not None:
            return self._result
        if self._request is None:
            self._request = self._session.ask(
                lambda request: wire.number(wire.ACQUIRE, self._channel, request, self._flags)
            )
        answer = self._session.answer(self._request)
        if answer is None:
            return None
        if answer.kind == wire.GRANTED:
            _, fence = wire.read_granted(answer.body)
            self._result = Grant(fence, bool(answer.flags & 1))
            self._lock.grants.append(self._result)
        else:
            self._result = error_of(answer) if answer.kind == wire.ERROR else False
        return self._result

    def withdraw(self) -> None:
        if self._request is None:
            self._result = False
        elif self._result is None:
            self._session.say(wire.number(wire.CANCEL, self._channel, self._request))

    def undo(self, result: object) -> None:
        if isinstance(result, Grant) and result in self._lock.grants:
            self._lock.grants.remove(result)
            give_back(self._session, self._channel, result.fence)


class _ReleaseCall:
    """One thread that waits to hear whether what it gave back was held."""

    def __init__(self, session: Session, request: int) -> None:
        self._session = session
        self._request = request
        self._withdrawn = False

    @property
    def cause(self) -> object:
        return self._request

    def attempt(self) -> Any:
        return False if self._withdrawn else self._session.answer(self._request)

    def withdraw(self) -> None:
        self._withdrawn = True
        self._session.forget(self._request)

    def undo(self, result: object) -> None:
        """What was given back stays so."""
