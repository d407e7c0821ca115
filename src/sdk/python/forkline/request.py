"""Questions to the broker that are answered once, and what its refusals are as exceptions."""

from __future__ import annotations

from typing import Any, Callable, Optional

from . import wire
from .errors import BrokenQueue, ForklineError, ItemRefused, LockError, NotGranted
from .session import Answer, Session

__all__ = ["ask", "ask_by", "error_of"]


def ask(session: Session, kind: int, channel: int) -> Any:
    """Waits for the answer to a `FLUSH`, `JOIN`, `STAT` or `READY`; returns what it says."""
    return ask_by(session, lambda request: wire.number(kind, channel, request))


def ask_by(session: Session, frame: "Callable[[int], bytes]") -> Any:
    """The same for any frame that carries a request."""
    answer: Answer = session.call(_Request(session, frame), None)
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

    def __init__(self, session: Session, frame: "Callable[[int], bytes]") -> None:
        self._session = session
        self._frame = frame
        self._request: Optional[int] = None
        self._withdrawn = False

    @property
    def cause(self) -> object:
        return self._request

    def attempt(self) -> Any:
        if self._withdrawn:
            return False
        if self._request is None:
            self._request = self._session.ask(self._frame)
        return self._session.answer(self._request)

    def withdraw(self) -> None:
        self._withdrawn = True
        if self._request is not None:
            self._session.forget(self._request)

    def undo(self, result: object) -> None:
        """It was only a question."""
