"""What was read ahead of a queue, in order: lots that wait, what of them is ready, and the loop that goes through one by itself.

A program takes from `ready` by `popleft()`, with no lock; all else is for those who hold the session's lock.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Iterator, Optional

from .areas import Aside
from .walk import Walk

__all__ = ["Stock", "stretches"]


class Stock:
    def __init__(self, lot_size: int) -> None:
        #: (tag, data) of what the program may take now.
        self.ready: "deque[tuple[int, bytes]]" = deque()
        #: The loop that goes through the items before all others by itself. While it is there, nothing is ready.
        self.walk: Optional[Walk] = None
        #: Of what comes next.
        self.next_tag = 0
        self._lot_size = lot_size
        #: (first tag, items) of each lot that is not ready yet.
        self._later: "deque[tuple[int, list[Any]]]" = deque()

    def head(self) -> int:
        """The tag of the first item that the program has not taken."""
        if self.walk is not None:
            return self.walk.head
        if self.ready:
            try:
                return self.ready[0][0]
            except IndexError:
                pass  # another thread has just taken it
        return self._later[0][0] if self._later else self.next_tag

    def pass_over(self, count: int) -> int:
        """So many came: gives the tag of the first."""
        first = self.next_tag
        self.next_tag = first + count
        return first

    def keep(self, first: int, items: "list[Any]") -> None:
        """They came, and wait."""
        size = self._lot_size
        if len(items) <= size and not self._later:
            self._later.append((first, items))
            return
        if items and self._later and not isinstance(items[0], Aside):
            # Where they come in crumbs, many of them are still one lot.
            begun, lot = self._later[-1]
            if begun + len(lot) == first and not isinstance(lot[0], Aside):
                fitting = items[: size - len(lot)]
                lot += fitting
                first, items = first + len(fitting), items[len(fitting) :]
        self._later.extend((first + at, items[at : at + size]) for at in range(0, len(items), size))

    def serve(self) -> int:
        """Makes the next lot ready, if nothing is. Returns how many are."""
        if not self.ready and self._later:
            self._make_ready(*self._later.popleft())
        return len(self.ready)

    def serve_all(self) -> None:
        while self._later:
            self._make_ready(*self._later.popleft())

    def open_walk(self) -> Optional[Walk]:
        """The next lot for one loop by itself, where nothing is ready for others and there is one."""
        if self.ready or not self._later:
            return None
        first, items = self._later.popleft()
        self.walk = Walk(first, _read(items))
        return self.walk

    def break_up(self, walk: Walk) -> range:
        """What its loop has not taken is ready for whoever comes. Gives what is known to be done by that."""
        self.walk = None
        first, rest = walk.cut()
        self.ready.extend(zip(range(first, first + len(rest)), rest))
        return walk.tell_done(False)

    def give_up(self, keep: int) -> "list[int]":
        """Lets go of all but the first `keep` items, which are ready then. Gives the tags of the others."""
        tags: "list[int]" = []
        left = max(0, keep - len(self.ready))
        lots, self._later = self._later, deque()
        for first, items in lots:
            # Only what is kept is made ready, which looks into it.
            if left:
                self._make_ready(first, items[:left])
            tags.extend(range(first + left, first + len(items)))
            left = max(0, left - len(items))
        # The program may take from the other end at the same time, so one by one.
        while len(self.ready) > keep:
            try:
                tags.append(self.ready.pop()[0])
            except IndexError:
                break
        return tags

    def clear(self) -> None:
        if self.walk is not None:
            self.walk.cut()
            self.walk = None
        self.ready.clear()
        self._later.clear()
        self.next_tag = 0

    def _make_ready(self, first: int, items: "list[Any]") -> None:
        """From now on the program may take them."""
        self.ready.extend(zip(range(first, first + len(items)), _read(items)))


def _read(items: "list[Any]") -> "list[bytes]":
    """What lies in shared memory comes alone."""
    return [item.read() for item in items] if isinstance(items[0], Aside) else items


def stretches(tags: "list[int]") -> "Iterator[range]":
    """Each stretch of tags in a row. All are different, and mostly they are one stretch."""
    first, last = min(tags), max(tags)
    if last - first + 1 == len(tags):
        yield range(first, last + 1)
        return
    tags.sort()
    first = last = tags[0]
    for tag in tags[1:]:
        if tag != last + 1:
            yield range(first, last + 1)
            first = tag
        last = tag
    yield range(first, last + 1)
