"""How long a call may wait: the `timeout` that a program gives, in seconds, and the moment at which that is over."""

from __future__ import annotations

import math
import time
from numbers import Real
from typing import Optional

__all__ = ["deadline_after", "seconds_of"]


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


def deadline_after(seconds: Optional[float]) -> Optional[float]:
    """The moment, of `time.monotonic`. As with `multiprocessing`, after a negative time that is now."""
    return None if seconds is None else time.monotonic() + max(0.0, seconds)
