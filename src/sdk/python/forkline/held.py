"""The tags a thread has taken by `get` and not yet called `task_done` for, oldest first.

Kept as stretches, so that a program that never calls `task_done` does not grow with every item it takes.
"""

from __future__ import annotations

from collections import deque

__all__ = ["Held"]


class Held:
    def __init__(self) -> None:
        self._stretches: "deque[list[int]]" = deque()

    def add(self, tag: int) -> None:
        stretches = self._stretches
        if stretches and stretches[-1][1] == tag:
            stretches[-1][1] = tag + 1
        else:
            stretches.append([tag, tag + 1])

    def take(self) -> int:
        """The oldest. Raises IndexError if there is none."""
        stretch = self._stretches[0]
        tag = stretch[0]
        stretch[0] = tag + 1
        if stretch[0] == stretch[1]:
            self._stretches.popleft()
        return tag
