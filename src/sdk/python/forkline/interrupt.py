"""Keeps KeyboardInterrupt out of the few lines in which the state of a connection changes.

A signal handler runs between any two steps of the main thread, so Ctrl-C, or an alarm whose handler raises, could strike
after bytes were read and before they were understood. Within `Exclusive` it waits until the lines are through, which takes microseconds. Blocking is
always done outside, where an interrupt is welcome.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any, Optional

try:
    # Those of `signal` make enums of what they return, which costs more than all else here together.
    from _signal import getsignal as _get_handler, signal as _set_handler
except ImportError:
    from signal import getsignal as _get_handler, signal as _set_handler  # type: ignore[assignment]

__all__ = ["Exclusive", "die_by"]

# Plain numbers: an enum would be made one at every look.
_INTERRUPT = int(signal.SIGINT)
_ALARM = int(signal.SIGALRM)


class Exclusive:
    """`with exclusive:` holds the lock and is not interrupted. A thread cannot enter it twice."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock
        self._entered = False
        self._usual: Any = None
        self._interrupted: "list[int]" = []

    def __enter__(self) -> None:
        # No signal handler runs in any other thread.
        usual = self._shield() if threading.get_ident() == threading.main_thread().ident else None
        try:
            self._lock.acquire()
            if self._entered:
                self._lock.release()
                raise RuntimeError("called from a signal handler, in the midst of another call of Forkline's")
        except BaseException:
            if usual is not None:
                self._unshield(usual)
            raise
        self._entered = True
        self._usual = usual

    def __exit__(self, *_: object) -> None:
        usual, self._usual = self._usual, None
        self._entered = False
        self._lock.release()
        if usual is not None:
            self._unshield(usual)

    def _shield(self) -> Any:
        """Puts a handler of ours in the place of the usual ones, which are returned; `None` if there is none to replace."""
        usual = _get_handler(_INTERRUPT)
        alarm = _get_handler(_ALARM)
        if not callable(usual) or usual == self._note:
            usual = None
        else:
            _set_handler(_INTERRUPT, self._note)
        if not callable(alarm) or alarm == self._note:
            return None if usual is None else (usual, None)
        _set_handler(_ALARM, self._note)
        return usual, alarm

    def _unshield(self, usual: Any) -> None:
        interrupt, alarm = usual
        if alarm is not None:
            _set_handler(_ALARM, alarm)
        if interrupt is not None:
            _set_handler(_INTERRUPT, interrupt)
        if self._interrupted:
            noted, self._interrupted = self._interrupted, []
            for number in noted:
                handler = interrupt if number == _INTERRUPT else alarm
                handler(number, None)

    def _note(self, number: int, _frame: Optional[FrameType]) -> None:
        if number not in self._interrupted:
            self._interrupted.append(number)


def die_by(signal_number: int) -> None:
    """Ends this process by the signal, as if it had no handler."""
    signal.signal(signal_number, signal.SIG_DFL)
    os.kill(os.getpid(), signal_number)
