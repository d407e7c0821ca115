"""A thread that looks after what nobody waits for: comes round every few milliseconds while there is something to send.

Started at the first need, asleep on a lock when there is none, and ended before a fork, so that programs that fork do
so with no thread of ours.
"""

from __future__ import annotations

import signal
import threading
from typing import Callable, Optional

__all__ = ["Attendant"]

#: Seconds between two rounds. What is said waits for two at most, and for a busy interpreter to change threads (5 ms).
_ROUND = 0.0025


class Attendant:
    def __init__(self, tick: "Callable[[], bool]") -> None:
        self._tick = tick
        self._thread: Optional[threading.Thread] = None
        self._bell = threading.Semaphore(0)
        self._ending = False
        #: Whether it will come round. Set by `start`, and by the tick, which holds the session's lock as `start`'s caller does.
        self.armed = False

    def start(self) -> bool:
        """Has it come round. Returns False where no thread can be started: at the interpreter's end."""
        if self.armed:
            return True
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="forkline", daemon=True)
            try:
                _start_without_signals(thread)
            except RuntimeError:
                return False
            self._thread = thread
        self.armed = True
        self._bell.release()
        return True

    def end(self) -> None:
        """Ends the thread; the next `start` makes a new one. Not to be called with the session's lock."""
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        self._ending = True
        self._bell.release()
        thread.join()
        self._ending = False
        self._thread = None
        self.armed = False
        self._bell = threading.Semaphore(0)

    def _run(self) -> None:
        while True:
            self._bell.acquire()
            while not self._ending:
                self._bell.acquire(timeout=_ROUND)
                if self._ending or not self._tick():
                    break
            if self._ending:
                return


def _start_without_signals(thread: threading.Thread) -> None:
    """Starts a thread that takes no signals: they are for the program's own threads to be woken by."""
    everything = signal.valid_signals()
    usual = signal.pthread_sigmask(signal.SIG_BLOCK, everything)
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, usual)
