"""Forkline's SDK: the queues, pipes and locks of the pipeline that started this program.

    from forkline import lock, queue

    for dish in queue("dishes"):
        with lock("table"):
            serve(dish)

Standard library only, blocking, safe to use from several threads and after a fork. What was put reaches the broker
before the program ends, unless it ends by `os._exit` or a signal without a handler.
"""

from queue import Empty, Full

from . import sigterm as _sigterm  # It has a word in each session.
from .errors import (
    Aborted,
    BrokenPipe,
    BrokenQueue,
    BrokerLost,
    EndOfFile,
    ForklineError,
    ItemRefused,
    LockError,
    NotGranted,
    NotInARun,
    OutputTooLarge,
    PipeClosed,
    ShutDown,
)
from .locks import Lock, lock
from .others import ProcessHandle, process_of
from .outputs import output
from .pipes import Pipe, pipe
from .process import Process, current_process
from .queues import Queue, queue
from .readiness import ready
from .taken import Taken
from .version import VERSION as __version__

__all__ = [
    "Aborted",
    "BrokenPipe",
    "BrokenQueue",
    "BrokerLost",
    "Empty",
    "EndOfFile",
    "ForklineError",
    "Full",
    "ItemRefused",
    "Lock",
    "LockError",
    "NotGranted",
    "NotInARun",
    "OutputTooLarge",
    "Pipe",
    "PipeClosed",
    "Process",
    "ProcessHandle",
    "Queue",
    "ShutDown",
    "Taken",
    "current_process",
    "lock",
    "output",
    "pipe",
    "process_of",
    "queue",
    "ready",
]
