"""Keeps KeyboardInterrupt out of the few lines in which the state of a connection changes.

A signal handler runs between any two steps of the main thread, so Ctrl-C, or an alarm whose handler raises, could strike
after bytes were read and before they were understood. Within `Exclusive` it waits until the lines are through, which takes microseconds. Blocking is
always done outside, where an interrupt is welcome.
"""

from __future__ import annotations

import os
import signal
import threading
from threading import get_ident as _get_ident
from types import FrameType
from typing import Any, Optional

try:
    # Those of `signal` make enums of what they return, which costs more than all else here together.
    from _signal import getsignal as _get_handler, signal as _set_handler
except ImportError:
    from signal import getsignal as _get_handler, signal as _set_handler  # type: ignore[assignment]

__all__ = ["Exclusive", "die_by", "is_main_thread"]

# Plain numbers: an enum would be made one at every look.
_INTERRUPT = int(signal.SIGINT)
_ALARM = int(signal.SIGALRM)
#: No signal handler runs in any other thread.
_main = threading.main_thread().ident


def is_main_thread() -> bool:
    return _get_ident() == _main


def _find_main_thread() -> None:
    global _main
    _main = threading.main_thread().ident


os.register_at_fork(after_in_child=_find_main_thread)


class Exclusive:
    """`with exclusive:` holds the lock and is not interrupted. A thread cannot enter it twice."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock
        self._entered = False
        #: What was in the place of ours.
        self._interrupt: Any = None
        self._alarm: Any = None
        #: What has struck and is to be heard.
        self._interrupted = self._alarmed = False
        self._handler = self._note

    def __enter__(self) -> None:
        # Two looks and one change are all of it, mostly, and nothing is called for them: this is on the way of every put and get.
        interrupt = alarm = None
        try:
            if _get_ident() == _main:
                handler = self._handler
                interrupt = _get_handler(_INTERRUPT)
                if interrupt is not handler and callable(interrupt):
                    _set_handler(_INTERRUPT, handler)
                else:
                    interrupt = None
                alarm = _get_handler(_ALARM)
                if alarm is not handler and callable(alarm):
                    _set_handler(_ALARM, handler)
                else:
                    alarm = None
            self._lock.acquire()
            if self._entered:
                self._lock.release()
                raise RuntimeError("called from a signal handler, in the midst of another call of Forkline's")
        except BaseException:
            self._unshield(interrupt, alarm)
            raise
        self._entered = True
        self._interrupt = interrupt
        self._alarm = alarm

    def __exit__(self, *_: object) -> None:
        interrupt = self._interrupt
        alarm = self._alarm
        self._entered = False
        self._lock.release()
        if interrupt is not None or alarm is not None:
            self._unshield(interrupt, alarm)

    def _unshield(self, interrupt: Any, alarm: Any) -> None:
        try:
            try:
                if interrupt is not None:
                    _set_handler(_INTERRUPT, interrupt)
            finally:
                # From here on Ctrl-C raises, at the next call of a function, or instead of setting what one would set.
                if alarm is not None:
                    try:
                        _set_handler(_ALARM, alarm)
                    except BaseException:
                        _set_handler(_ALARM, alarm)
                        raise
        finally:
            # Makes up for what was noted, whatever raises meanwhile; where there is no handler, that is for the call to do that was entered
            # before this one. Nothing is called between that it is forgotten and that it is heard.
            try:
                if interrupt is not None and self._interrupted:
                    self._interrupted = False
                    interrupt(_INTERRUPT, None)
            finally:
                if alarm is not None and self._alarmed:
                    self._alarmed = False
                    alarm(_ALARM, None)

    def _note(self, number: int, _frame: Optional[FrameType]) -> None:
        if number == _INTERRUPT:
            self._interrupted = True
        else:
            self._alarmed = True


def die_by(signal_number: int) -> None:
    """Ends this process by the signal, as if it had no handler."""
    signal.signal(signal_number, signal.SIG_DFL)
    os.kill(os.getpid(), signal_number)
