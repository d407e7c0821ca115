"""How long a call may wait: the `timeout` that a program gives, in seconds, and the moment at which that is over."""

from __future__ import annotations

import math
import time
from numbers import Real
from typing import Optional

__all__ = ["deadline_after", "seconds_of", "seconds_to_wait"]


def seconds_of(timeout: object) -> Optional[float]:
    """None: as long as it takes. Raises TypeError or ValueError for what is no time; whether it may be negative is the caller's."""
    if timeout is None:
        return None
    if not isinstance(timeout, Real):
        raise TypeError(f"`timeout` is a number of seconds, not `{type(timeout).__name__}`")
    try:
        seconds = float(timeout)
    except OverflowError:
        # An integer beyond every float.
        seconds = math.inf if timeout > 0 else -math.inf
    if math.isnan(seconds):
        raise ValueError("`timeout` is a number of seconds, and NaN is none")
    return None if seconds == math.inf else seconds


def seconds_to_wait(block: bool, timeout: Optional[float]) -> Optional[float]:
    """The same for a call that also has `block`, which is no time at all where that is false. Raises ValueError where it is negative."""
    seconds = seconds_of(timeout) if block else 0.0
    if seconds is not None and seconds < 0:
        raise ValueError(f"`timeout` must not be negative: {timeout}")
    return seconds


def deadline_after(seconds: Optional[float]) -> Optional[float]:
    """The moment, of `time.monotonic`. As with `multiprocessing`, after a negative time that is now."""
    return None if seconds is None else time.monotonic() + max(0.0, seconds)
