"""Delivers parcels, and is run over at the second one of its first two days."""

import os
import signal

from forkline import queue


def deliver() -> None:
    day = int(os.environ["FORKLINE_ATTEMPT"])
    delivered = queue("delivered")
    for number, parcel in enumerate(queue("parcels"), start=1):
        if number == 2 and day <= 2:
            # That the first one is done is known now; what it has in hand goes back.
            delivered.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        print(f"day {day}: {parcel}", flush=True)
        delivered.put(parcel)
