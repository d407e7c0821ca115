"""Locks as a program sees them: `multiprocessing.Lock`, between processes of any language, free again when its owner dies."""

from __future__ import annotations

import time
from typing import Any, NamedTuple, Optional

from . import process, wire
from .errors import LockError, NotGranted
from .request import error_of
from .session import Session

__all__ = ["Lock", "lock"]


class Grant(NamedTuple):
    session: Session
    fence: int
    abandoned: bool


class Lock:
    """A lock of the pipeline, owned by this process; any of its threads may release it. `with lock("mutex"):` holds it.

    Every call may raise NotInARun, NotGranted where the pipeline does not declare this use, and BrokerLost.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.grant: Optional[Grant] = None

    def acquire(self, block: bool = True, timeout: Optional[float] = None) -> bool:
        """Waits for the lock, in order of arrival, for at most `timeout` seconds (None: no limit).

        Returns whether it is held now. Without `block` it does not wait.
        """
        session = process.session(self)
        channel = session.channels.get(f"lock {self.name}")
        if channel is None:
            who = process.current_process().name
            raise NotGranted(
                f"`{who}` may not take lock `{self.name}`: the pipeline does not say so; "
                f"add `locks: {self.name}` to `{who.split('.')[0]}`"
            )
        deadline = None if timeout is None or not block else time.monotonic() + max(0.0, timeout)
        result = session.call(_AcquireCall(self, session, channel["id"], once=not block), deadline)
        if isinstance(result, Exception):
            raise result
        return bool(result)

    def release(self) -> None:
        """Gives the lock back. Raises LockError if this process does not hold it."""
        session = process.session(self)
        with session.exclusive:
            session.check()
            grant, self.grant = self.grant, None
            if grant is None:
                raise LockError(f"lock `{self.name}` is not held by this process, so it cannot release it")
            give_back(session, session.channels[f"lock {self.name}"]["id"], grant.fence)
            session.flush()

    @property
    def fence(self) -> int:
        """The number of this grant: larger than that of every earlier one. Raises LockError if the lock is not held."""
        return self._held().fence

    @property
    def abandoned(self) -> bool:
        """Whether the last owner died holding it, so that what it guards may be half-written. Raises as `fence`."""
        return self._held().abandoned

    def _held(self) -> Grant:
        if self.grant is None:
            raise LockError(f"lock `{self.name}` is not held by this process")
        return self.grant

    def __enter__(self) -> "Lock":
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def unbind(self) -> None:
        self.grant = None

    def __reduce__(self) -> "tuple[Any, ...]":
        return lock, (self.name,)

    def __repr__(self) -> str:
        return f"lock({self.name!r})"


_locks: "dict[str, Lock]" = {}


def lock(name: str) -> Lock:
    """The lock of that name in the pipeline. Asks nobody: whether this process may use it shows at the first call."""
    return _locks.setdefault(name, Lock(name))


def give_back(session: Session, channel: int, fence: int) -> None:
    request = session.ask(lambda request: wire.release(channel, fence, request))
    # The grant was ours, so there is nothing to learn from the answer.
    session.forget(request)


class _AcquireCall:
    """One thread that waits for a lock."""

    def __init__(self, lock: Lock, session: Session, channel: int, once: bool) -> None:
        self._lock = lock
        self._session = session
        self._channel = channel
        self._once = once
        self._request: Optional[int] = None
        self._result: Any = None

    def attempt(self) -> Any:
        if self._result is not None:
            return self._result
        if self._request is None:
            flags = 1 if self._once else 0
            self._request = self._session.ask(
                lambda request: wire.number(wire.ACQUIRE, self._channel, request, flags)
            )
        answer = self._session.answer(self._request)
        if answer is None:
            return None
        if answer.kind == wire.GRANTED:
            _, fence = wire.read_granted(answer.body)
            self._result = self._lock.grant = Grant(self._session, fence, bool(answer.flags & 1))
        else:
            self._result = error_of(answer) if answer.kind == wire.ERROR else False
        return self._result

    def withdraw(self) -> None:
        if self._request is None:
            self._result = False
        elif self._result is None:
            self._session.say(wire.number(wire.CANCEL, self._channel, self._request))

    def undo(self, result: Any) -> None:
        if isinstance(result, Grant) and self._lock.grant is result:
            self._lock.grant = None
            give_back(self._session, self._channel, result.fence)
