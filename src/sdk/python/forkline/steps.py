"""What this interpreter does as a whole, so that neither another thread nor a signal handler comes in between."""

from __future__ import annotations

import sys

__all__ = ["STEPS_ARE_SINGLE", "STEPS_ARE_WHOLE"]

_HAS_GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()

#: Two threads that step through one iterator over a list are never given the same item.
STEPS_ARE_SINGLE = _HAS_GIL

#: A few steps without a call or a loop are done as a whole.
STEPS_ARE_WHOLE = _HAS_GIL and sys.implementation.name == "cpython" and sys.version_info >= (3, 11)
