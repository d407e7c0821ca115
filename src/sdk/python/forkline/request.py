"""Questions to the broker that are answered once, and what its refusals are as exceptions."""

from __future__ import annotations

from typing import Any, Callable, Optional

from . import wire
from .calls import carry_out
from .errors import BrokenQueue, ForklineError, ItemRefused, LockError, NotGranted
from .session import Answer, Session
from .throng import Throng

__all__ = ["ask", "ask_run", "error_of"]


#: So many at a time are under way: of each kind, for each channel; and of what is asked of the run itself, which may be large.
_MOST = {wire.JOIN: 256, wire.STAT: 256}
_MOST_ERRANDS = 16


def ask(session: Session, kind: int, channel: int) -> Any:
    """Waits for the answer to a `FLUSH`, `JOIN`, `STAT` or `READY`; returns what it says."""
    throng = session.throng((kind, channel), _MOST[kind]) if kind in _MOST else None
    return _answer_of(_Request(session, lambda request: wire.number(kind, channel, request), throng))


def ask_run(session: Session, kind: int, body: bytes, flags: int = 0) -> Any:
    """The same for an `OUTPUT`, `WATCH` or `TERMINATE`; `body` is JSON."""
    throng = None if kind == wire.WATCH else session.throng("errands", _MOST_ERRANDS)
    return _answer_of(_Request(session, lambda request: wire.asked(kind, request, body, flags), throng))


def _answer_of(request: "_Request") -> Any:
    answer: Answer = carry_out(request.session, request, None)
    if answer.kind == wire.ERROR:
        raise error_of(answer)
    return wire.read_json(answer.body[4:])


def error_of(answer: Answer) -> Exception:
    """A refusal of the broker's as an exception."""
    told = wire.read_json(answer.body)
    if told["code"] == "unfit":
        return ItemRefused(told["message"], told["path"], told["reason"])
    kinds: "dict[str, type[Exception]]" = {"not-held": LockError, "not-granted": NotGranted, "broken": BrokenQueue}
    return kinds.get(told["code"], ForklineError)(told["message"])


class _Request:
    """A question whose answer may be long in coming, and which nobody needs to be told is no longer asked."""

    def __init__(self, session: Session, frame: "Callable[[int], bytes]", throng: Optional[Throng]) -> None:
        self.session = session
        self.admitted = throng is None
        self.withdrawn = False
        self._frame = frame
        self._throng = throng
        self._entered = False
        self._request: Optional[int] = None

    @property
    def cause(self) -> object:
        return self if self._request is None else self._request

    def attempt(self) -> Any:
        if self.withdrawn:
            return False
        if self._throng is not None and not self._entered:
            self._entered = True
            self._throng.enter(self)
        if not self.admitted:
            return None
        if self._request is None:
            self._request = self.session.ask(self._frame)
        answer = self.session.answer(self._request)
        if answer is not None:
            self._leave()
        return answer

    def withdraw(self) -> None:
        self.withdrawn = True
        if self._request is not None:
            self.session.forget(self._request)
        if self.admitted:
            self._leave()

    def _leave(self) -> None:
        throng, self._throng = self._throng, None
        admitted = throng.leave() if throng is not None else None
        if admitted is not None:
            self.session.turns.wake(admitted)

    def undo(self, result: object) -> None:
        """It was only a question."""
