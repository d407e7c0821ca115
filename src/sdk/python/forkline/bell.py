"""Calls a thread back from `poll`: a pipe that holds a byte while it rings."""

from __future__ import annotations

import os

__all__ = ["Bell"]


class Bell:
    def __init__(self) -> None:
        self._heard, self._pulled = os.pipe()
        self._rings = False

    def fileno(self) -> int:
        return self._heard

    def ring(self) -> None:
        if not self._rings:
            self._rings = True
            os.write(self._pulled, b"!")

    def hush(self) -> None:
        if self._rings:
            self._rings = False
            os.read(self._heard, 1)

    def close(self) -> None:
        os.close(self._heard)
        os.close(self._pulled)
