"""`ready()`: this process says itself when those who need it may start."""

from __future__ import annotations

import os

from . import process, wire
from .request import ask

__all__ = ["ready"]


class _Here:
    """What uses the session, and keeps nothing of it."""

    def unbind(self) -> None:
        """There is nothing to forget."""


_here = _Here()


def ready() -> None:
    """Says that this process is ready, for `ready: { sdk: true }`; returns once the run has heard it.

    Where nobody waits for that it changes nothing. Raises NotInARun outside of a run, and BrokerLost.
    """
    process.current_process()
    if not os.environ.get("FORKLINE_SOCKET"):
        # Nobody listens: the pipeline does not ask this process whether it is ready, nor anything else.
        return
    ask(process.session(_here), wire.READY, 0)
