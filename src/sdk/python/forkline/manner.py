"""How an item is put, and from which end one is got, where the order of a queue makes a difference."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, Optional, Tuple

from . import wire

__all__ = ["Manner", "from_right", "is_exact", "manner_of"]

#: The flags of a put, and its priority.
Manner = Tuple[int, Optional[float]]


def manner_of(channel: "dict[str, Any]", priority: Any, side: Any) -> Optional[Manner]:
    """None for a plain put."""
    if priority is not None:
        if channel["order"] != "priority":
            raise _mismatch(channel, "priority", "priority")
        number = _number(priority)
        if side is None:
            return 0, number
    return None if from_right(channel, side) is not False else (wire.LEFT, None)


def from_right(channel: "dict[str, Any]", side: Any) -> Optional[bool]:
    """None where no side is given."""
    if side is None:
        return None
    if channel["order"] != "deque":
        raise _mismatch(channel, "side", "deque")
    if side not in ("left", "right"):
        raise ValueError(f"a side is 'left' or 'right', not {side!r}")
    return bool(side == "right")


def is_exact(channel: "dict[str, Any]") -> bool:
    """Whether what is next is decided at the moment of the get, so that nothing may be read ahead."""
    return channel["order"] != "fifo" or channel["overflow"] in ("drop_oldest", "drop_newest")


def _number(priority: Any) -> float:
    if isinstance(priority, bool) or not isinstance(priority, Real):
        raise TypeError(f"a priority is a number, not `{type(priority).__name__}`")
    try:
        number = float(priority)
    except OverflowError:
        raise ValueError(f"the priority {priority} is too large for a float") from None
    if math.isnan(number):
        raise ValueError("a priority is a number, and NaN is before or after none")
    if isinstance(priority, Integral) and int(number) != int(priority):
        raise ValueError(f"the priority {priority} is an integer that no float is equal to, so its order would be lost")
    return number


def _mismatch(channel: "dict[str, Any]", option: str, wanted: str) -> TypeError:
    return TypeError(
        f"`{option}` is for a queue with `order: {wanted}`, and `{channel['name']}` has `order: {channel['order']}`"
    )
