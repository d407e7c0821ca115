"""Items in a row that one loop goes through by itself, with no word to anybody: where it stands tells what it has taken.

The loop holds `items`, an iterator over a list, and takes one with every step. Whoever else wants of them cuts off the rest,
and the loop then finds its end sooner. All but `items` is for those who hold the session's lock.
"""

from __future__ import annotations

from operator import length_hint
from typing import Iterator

__all__ = ["Walk"]


class Walk:
    def __init__(self, first: int, items: "list[bytes]") -> None:
        self.items: "Iterator[bytes]" = iter(items)
        self._end = first + len(items)
        #: All before this tag was told to be done.
        self._told = first

    @property
    def head(self) -> int:
        """The tag of the first item that the loop has not taken."""
        return self._end - length_hint(self.items)

    @property
    def at_end(self) -> bool:
        return self.head == self._end

    def cut(self) -> "tuple[int, list[bytes]]":
        """Takes what the loop has not: the first tag, and the items."""
        rest = list(self.items)
        self._end -= len(rest)
        return self._end, rest

    def tell_done(self, over: bool) -> "range":
        """Tags that became done since the last time: of all that the loop has taken, and if it is not over all but the last."""
        done = range(self._told, self.head if over else self.head - 1)
        self._told += len(done)
        return done
