import os
import signal

from forkline import ShutDown, queue


def deliver(parcels):
    queue("parcels").put_many(parcels)


def open():
    for parcel in queue("parcels"):
        if parcel == "bomb":
            os.kill(os.getpid(), signal.SIGKILL)
        print(f"opened {parcel}", flush=True)


def report():
    while True:
        try:
            letter = queue("bomb_squad").take()
        except ShutDown:
            return
        print(f"{letter.value}, after {letter.attempts} attempts: {letter.reason}")
        letter.done()
