"""Sends numbers without end and receives those of the other, until that is no more."""

import os
import threading

from forkline import current_process, pipe


def talk() -> None:
    line = pipe("line")
    sent = []
    sender = threading.Thread(target=lambda: sent.append(send(line)))
    sender.start()
    received = receive(line)
    sender.join()
    print("sent", sent[0], "received", received)


def send(line) -> str:
    path = os.path.join(os.environ["FORKLINE_RUN_DIR"], current_process().name + ".pid")
    number = 0
    while True:
        if number == 10:
            with open(path + "~", "w") as file:
                file.write(str(os.getpid()))
            os.rename(path + "~", path)
        try:
            line.send({"number": number, "padding": "x" * (number * 7919 % 100_000)})
        except BrokenPipeError as error:
            return f"{number}, then {type(error).__name__}"
        number += 1


def receive(line) -> str:
    expected = 0
    while True:
        try:
            message = line.recv()
        except EOFError as error:
            return f"{expected}, then {type(error).__name__}"
        number = message["number"]
        if number != expected or len(message["padding"]) != number * 7919 % 100_000:
            return f"{number} for {expected}"
        expected += 1
