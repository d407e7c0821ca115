"""How a thread waits for something: it is attempted whenever something was heard that concerns it, until something comes of it.

State is changed inside `exclusive`, and blocking is done outside of it. Whoever is interrupted, or whose time is over, takes back what it
has asked for; the broker's word on that decides what came of it.
"""

from __future__ import annotations

import math
import threading
import time
from typing import Any, Optional, Protocol

from . import wire
from .errors import BrokerLost
from .session import CROWD, Session
from .stillness import is_only_woken_by_broker, this_thread

__all__ = ["Call", "carry_out", "wait"]

_FOREVER = 3600.0
_LATE = 0.05
#: In seconds.
_RECENT = 0.0002


class Call(Protocol):
    """Something that a thread waits for. All of it is called inside `exclusive`."""

    @property
    def cause(self) -> object:
        """What wakes it: `Turns.wake` is told the same. Asked when an attempt came to nothing."""

    def attempt(self) -> Any:
        """What came of it, or None: not yet. Once withdrawn, False when the broker knows that nobody waits."""

    def withdraw(self) -> None:
        """It was interrupted, or its time is over: says so."""

    def undo(self, result: object) -> None:
        """It was interrupted, and still succeeded before the broker knew."""


def carry_out(session: Session, call: Call, deadline: Optional[float]) -> Any:
    """What came of it; None or False if that was nothing by the deadline (of `time.monotonic`)."""
    try:
        result = wait(session, call, deadline, withdraws=True)
    except BrokerLost:
        raise
    except BaseException:
        _give_up(session, call)
        raise
    # The broker's word on that decides, however late: what it has granted meanwhile would else be nobody's.
    return wait(session, call, math.inf) if result is None else result


def _give_up(session: Session, call: Call) -> None:
    try:
        with session.exclusive:
            call.withdraw()
        result = wait(session, call, math.inf)
        with session.exclusive:
            if result is not None and result is not False:
                call.undo(result)
            session.flush()
    except BrokerLost:
        pass


def wait(session: Session, call: Call, deadline: Optional[float], withdraws: bool = False) -> Any:
    """Attempts it whenever something was heard that concerns it, until that returns something else than None, or the deadline.

    Where it `withdraws` then, it does so before anybody else can send what the last attempt has said: who does not wait at all asks and
    withdraws in one write, or the broker would take it to wait, and a queue that feeds itself to be at its end.
    """
    turns = session.turns
    turn = None
    paused = session.paused
    was_late = False
    # Who waits as long as it takes hears in a moment what has come since.
    within = _RECENT if deadline is None and not session.asked else 0.0
    try:
        while True:
            with session.exclusive:
                if turn is not None:
                    turns.end(turn)
                    turn = None
                    if session.parting:
                        break
                    within = 0.0
                session.listen(within)
                session.check()
                result = call.attempt()
                if result is not None:
                    return result
                left = _FOREVER if deadline is None else deadline + session.paused - paused - time.monotonic()
                if left < -_LATE and not was_late:
                    # This process was stopped, and whoever reads is about to hear why.
                    was_late = True
                    left = _LATE
                if left <= 0:
                    if withdraws:
                        call.withdraw()
                    return None
                if session.asked:
                    _tell_whether_stuck(session, deadline is None)
                unsent = session.connection.unsent
                session.flush()
                session.check()
                if unsent > CROWD and session.connection.unsent == 0:
                    # Whoever waited for the socket to keep up waits no more, and nothing else would wake him.
                    continue
                turn = turns.begin(call.cause, deadline is None)
            turn.block(min(left, _FOREVER))
    finally:
        if turn is not None or turns.gates and not turns.reading:
            with session.exclusive:
                if turn is not None:
                    turns.end(turn)
                if not turns.reading:
                    # Somebody has to.
                    turns.gates.open_any()
    # The process is at its end, and what this thread waits for will not come any more.
    threading.Semaphore(0).acquire()


def _tell_whether_stuck(session: Session, forever: bool) -> None:
    """To be called by a thread that has nothing left to do but wait, without a limit or not."""
    stuck = forever and is_only_woken_by_broker({*session.turns.gates.resting(), this_thread()})
    asked, session.asked = session.asked, []
    for request in asked:
        session.say(wire.number(wire.STUCK, 0, request, 1 if stuck else 0))
