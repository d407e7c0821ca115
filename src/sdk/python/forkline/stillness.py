"""Whether anything but the broker could wake this process: what the broker asks when it suspects a deadlock.

It can when a thread runs, sleeps, waits for input or with a time limit, or when an alarm is set or a signal is handled that others call it by. It cannot when every thread
waits here without a limit, or for another thread of this process, which on Linux /proc tells. Where that cannot be told, the
answer is that something could.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import NamedTuple, Optional, Set

__all__ = ["Thread", "is_only_woken_by_broker", "this_thread"]


class Thread(NamedTuple):
    ident: int
    #: What the system calls it.
    native: int


def this_thread() -> Thread:
    return Thread(threading.get_ident(), threading.get_native_id())


def is_only_woken_by_broker(resting: Set[Thread]) -> bool:
    """`resting` are the threads that wait for the broker and nothing else. To be called with the session's lock held."""
    if any(signal.getitimer(signal.ITIMER_REAL)) or any(callable(signal.getsignal(number)) for number in _CALLS):
        return False
    rest = {thread.ident for thread in resting}
    others = {ident: frame for ident, frame in sys._current_frames().items() if ident not in rest}
    if any(frame.f_code.co_filename.startswith(_OURS) for frame in others.values()):
        # It waits for the very lock that is held here, and will go on in a moment.
        return False
    idle = {ident for ident, frame in others.items() if _is_idle_loop(frame)}
    natives = {thread.native_id for thread in threading.enumerate() if thread.ident in idle}
    try:
        threads = {int(name) for name in os.listdir("/proc/self/task")}
    except OSError:
        return not set(others) - idle
    return all(_waits_for_another(native) for native in threads - {it.native for it in resting} - natives)


def _is_idle_loop(frame: Optional[FrameType]) -> bool:
    """Whether it is an event loop of asyncio that has nothing to do, and that only another thread of this process can call."""
    if frame is None or not frame.f_code.co_filename.endswith("selectors.py"):
        return False
    timeout = frame.f_locals.get("timeout")
    while frame is not None and frame.f_code.co_name != "_run_once":
        frame = frame.f_back
    loop = frame.f_locals.get("self") if frame is not None else None
    try:
        watched = {key.fd for key in loop._selector.get_map().values()}  # type: ignore[union-attr]
        own = {loop._ssock.fileno()}  # type: ignore[union-attr]
        return timeout in (None, -1) and watched == own and not loop._ready and not loop._scheduled  # type: ignore[union-attr]
    except (AttributeError, RuntimeError):
        return False


#: Signals that tell a program something of its own. Those that tell it to end are handled by many that wait for none.
_CALLS = [getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGIO") if hasattr(signal, name)]

#: The folder of this package.
_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep

#: The number of the system call `futex`, which every lock of a process ends in.
_FUTEX = {"x86_64": 202, "aarch64": 98}.get(os.uname().machine)

#: FUTEX_WAIT and FUTEX_WAIT_BITSET, and what marks a lock that no other process has.
_WAITS = (0, 9)
_PRIVATE = 0x80


def _waits_for_another(native: int) -> bool:
    """Whether a thread waits, without a limit, for another one of this process."""
    try:
        with open(f"/proc/self/task/{native}/syscall", encoding="ascii") as file:
            told = file.read().split()
        call, operation, limit = int(told[0]), int(told[2], 16), int(told[4], 16)
    except FileNotFoundError:
        return True  # it has ended meanwhile
    except (OSError, ValueError, IndexError):
        return False  # it runs, or we may not know
    return call == _FUTEX and operation & 0x7F in _WAITS and bool(operation & _PRIVATE) and limit == 0
