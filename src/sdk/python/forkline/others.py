"""Other processes of the run, as one that controls them sees them: `multiprocessing.Process` seen from outside."""

from __future__ import annotations

import json
from typing import Any, Optional

from . import process, wire
from .calls import carry_out
from .errors import NotGranted
from .patience import deadline_after, seconds_of
from .request import ask_run, error_of
from .session import Answer, Session

__all__ = ["ProcessHandle", "process_of"]


class ProcessHandle:
    """Another process of the run, or one instance of it. Every call may raise NotInARun, NotGranted and BrokerLost."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def pid(self) -> Optional[int]:
        """None where it has not started. Of one that is started again, the last one."""
        return self._look()["pid"]  # type: ignore[no-any-return]

    @property
    def exitcode(self) -> Optional[int]:
        """N, or -N where signal N ended it; None where it has not ended, or never ran."""
        return self._look()["exitcode"]  # type: ignore[no-any-return]

    def is_alive(self) -> bool:
        """Whether it has started, and not ended for good."""
        return bool(self._look()["alive"])

    def terminate(self) -> None:
        """Has it stopped by its `stop` rule. One that has not started never will; where it has ended, nothing happens."""
        self._ask(wire.TERMINATE, 0)

    def kill(self) -> None:
        """The same at once, with SIGKILL."""
        self._ask(wire.TERMINATE, wire.KILL)

    def join(self, timeout: Optional[float] = None) -> None:
        """Waits until it has ended for good, and nothing of it is left, for at most `timeout` seconds (None: no limit).

        Whether it has ended, `is_alive` or `exitcode` says.
        """
        deadline = deadline_after(seconds_of(timeout))
        session = process.session(self)
        answer = carry_out(session, _JoinCall(session, self._body(session)), deadline)
        if isinstance(answer, Answer) and answer.kind == wire.ERROR:
            raise error_of(answer)

    def _look(self) -> Any:
        return self._ask(wire.WATCH, 0)

    def _ask(self, kind: int, flags: int) -> Any:
        session = process.session(self)
        return ask_run(session, kind, self._body(session), flags)

    def _body(self, session: Session) -> bytes:
        return json.dumps({"process": self._target(session)}, ensure_ascii=False, separators=(",", ":")).encode()

    def _target(self, session: Session) -> str:
        """The instance that is meant."""
        controls: "list[str]" = session.welcome.get("controls", [])
        if self.name in controls:
            return self.name
        meant = [node for node in controls if _is_instance(node, self.name)]
        if len(meant) == 1:
            return meant[0]
        if meant:
            names = ", ".join(f"`{node}`" for node in meant)
            raise ValueError(f"`{self.name}` has several instances: name one of {names}")
        who = process.current_process().name
        raise NotGranted(
            f"the pipeline does not let `{who}` control `{self.name}`: "
            f"add `controls: {self.name}` to `{who.rsplit('/', 1)[-1].split('.')[0]}`"
        )

    def unbind(self) -> None:
        """It keeps nothing that a forked child would have to forget."""

    def __reduce__(self) -> "tuple[Any, ...]":
        return process_of, (self.name,)

    def __repr__(self) -> str:
        return f"process_of({self.name!r})"


_handles: "dict[str, ProcessHandle]" = {}


def process_of(name: str) -> ProcessHandle:
    """The process of that name, or one instance of it (`chef.2`). Asks nobody: whether this process may control it shows at
    the first call."""
    return _handles.setdefault(name, ProcessHandle(name))


def _is_instance(node: str, name: str) -> bool:
    base, _, number = node.rpartition(".")
    return base == name and number.isdigit()


class _JoinCall:
    """One thread that waits for the end of another process."""

    def __init__(self, session: Session, body: bytes) -> None:
        self._session = session
        self._body = body
        self._request: Optional[int] = None
        self._withdrawn = False

    @property
    def cause(self) -> object:
        return self._request

    def attempt(self) -> Any:
        if self._withdrawn:
            return False
        if self._request is None:
            self._request = self._session.ask(
                lambda request: wire.asked(wire.WATCH, request, self._body, wire.WAIT)
            )
        return self._session.answer(self._request)

    def withdraw(self) -> None:
        self._withdrawn = True
        if self._request is not None:
            self._session.say(wire.number(wire.CANCEL, 0, self._request))
            self._session.forget(self._request)
            self._session.flush()

    def undo(self, result: object) -> None:
        """It was only a question."""
