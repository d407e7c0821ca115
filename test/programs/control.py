import os
import signal
import time

from forkline import NotGranted, process_of


def wait(name):
    process_of(name).join()


def refused():
    for name in ("other", "pair"):
        try:
            process_of(name).terminate()
        except (NotGranted, ValueError) as error:
            print(f"{type(error).__name__}: {error}")


def kill(name, path):
    """Once it cannot be stopped otherwise, which it says by a file."""
    while not os.path.exists(path):
        time.sleep(0.01)
    other = process_of(name)
    other.terminate()
    other.join(0.3)
    print("alive:", str(other.is_alive()).lower())
    other.kill()
    other.join()
    other.kill()
    print("ended:", other.exitcode)


def deaf(path):
    """Is not to be stopped but by SIGKILL."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(path, "w").close()
    while True:
        time.sleep(1)
