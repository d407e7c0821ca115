"""Threads that wait for what is read ahead of a queue or a pipe: a get, and a loop that is through with what it had."""

from __future__ import annotations

from typing import Any, Optional

from .consumer import Consumer
from .walk import Walk

__all__ = ["GetCall", "WalkCall"]


class GetCall:
    """One thread that waits for an item to become ready."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._waits = False
        self._withdrawn = False

    @property
    def cause(self) -> object:
        return self._consumer

    def attempt(self) -> Any:
        consumer = self._consumer
        if not self._waits and not self._withdrawn:
            consumer.come_back()
        result = self._next() or consumer.ended
        if result is not None:
            self._leave()
            return result
        if self._withdrawn:
            return None if consumer.ungets else False
        if not self._waits:
            self._waits = True
            consumer.waiting += 1
        consumer.await_more()
        return None

    def _next(self) -> Any:
        """What there is for it now; nothing, if that is false."""
        return self._consumer.advance()

    def withdraw(self) -> None:
        self._withdrawn = True
        if self._waits:
            self._leave()
            if self._consumer.waiting == 0:
                self._consumer.withdraw()

    def undo(self, result: object) -> None:
        """What has arrived for nobody goes back at once, unless another thread waits for it."""
        if isinstance(result, Exception):
            return
        if self._consumer.waiting == 0:
            self._consumer.give_back_rest()
        else:
            self._consumer.wake_one()

    def _leave(self) -> None:
        if self._waits:
            self._waits = False
            self._consumer.waiting -= 1
            # What came was told to one of those who wait: what is left, or has to be asked for, is for the next one.
            self._consumer.wake_one()


class WalkCall(GetCall):
    """A loop that is through with the walk it had, and waits for another or for what it must share: then the result is True."""

    def __init__(self, consumer: Consumer, over: Optional[Walk]) -> None:
        super().__init__(consumer)
        self._over = over

    def attempt(self) -> Any:
        if self._over is not None:
            self._consumer.close_walk(self._over)
            self._over = None
        return super().attempt()

    def _next(self) -> Any:
        consumer = self._consumer
        alone = consumer.waiting == (1 if self._waits else 0)
        return alone and consumer.open_walk() or consumer.advance()
