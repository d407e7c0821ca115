"""Everything that can go wrong in a call of this package, as exceptions.

`queue.Full` and `queue.Empty` are the standard library's own; so is `ShutDown` from Python 3.13 on.
"""

from __future__ import annotations

import queue

__all__ = [
    "Aborted",
    "BrokenPipe",
    "BrokenQueue",
    "BrokerLost",
    "EndOfFile",
    "ForklineError",
    "ItemRefused",
    "LockError",
    "NotGranted",
    "NotInARun",
    "OutputTooLarge",
    "PipeClosed",
    "ShutDown",
]

if hasattr(queue, "ShutDown"):
    ShutDown = queue.ShutDown
else:

    class ShutDown(Exception):
        """The queue is closed: for `get`, nothing will come any more; for `put`, this process has closed it."""


class ForklineError(Exception):
    """What all errors of Forkline's own have in common."""


class Aborted(ForklineError):
    """A producer failed: what was taken so far is not the whole stream."""


class BrokenQueue(ForklineError, BrokenPipeError):
    """Every process that gets from this queue has ended: nobody would ever take the item."""


class ItemRefused(ForklineError, ValueError):
    """The item does not fit the queue's `item`, and was not put.

    `path` is where in the item, as a JSON pointer, empty for the item itself; `reason` is what that must be and is not.
    """

    def __init__(self, message: str, path: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.reason = reason


class EndOfFile(ForklineError, EOFError):
    """The other end of the pipe is closed, and all that it had sent is received."""


class BrokenPipe(ForklineError, BrokenPipeError):
    """The other end of the pipe is closed: nobody would receive what is sent."""


class PipeClosed(ForklineError, OSError):
    """This process has closed its own end of the pipe."""


class LockError(ForklineError):
    """Released, or asked about, a lock that this process does not hold."""


class NotGranted(ForklineError):
    """The pipeline does not declare that this process may do this."""


class OutputTooLarge(ForklineError, ValueError):
    """An output is larger than an output may be."""


class BrokerLost(ForklineError):
    """The run's broker is gone, or has closed this process's connection."""


class NotInARun(ForklineError):
    """This program was not started by Forkline."""
