"""Plays what a pipeline writes down as steps, such as `put ab`, `get ba`, `lock left`: the pieces that deadlocks are made of."""

import asyncio
import multiprocessing
import os
import queue as standard
import signal
import threading
import time

from forkline import lock, pipe, queue


def play(*steps):
    for step in steps:
        take(step)


def threads(*lines):
    """Each line of steps in a thread of its own."""
    started = [threading.Thread(target=play, args=line.split("; ")) for line in lines]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


async def tasks(*lines):
    """Each line of steps in a thread of its own that a task of asyncio waits for."""
    await asyncio.gather(*(asyncio.to_thread(play, *line.split("; ")) for line in lines))


async def napping(*lines):
    """The same beside a task that ends the program after a while."""
    asyncio.get_running_loop().call_later(3, os._exit, 0)
    await tasks(*lines)


def child(*steps):
    """In a forked process, which this one waits for."""
    process = multiprocessing.get_context("fork").Process(target=play, args=steps)
    process.start()
    process.join()


def take(step):
    verb, name, count = (step.split(" ") + ["", ""])[:3]
    if verb == "put":
        queue(name).put(step.ljust(int(count or 0)))
    elif verb == "get":
        queue(name).get()
    elif verb == "get-for":
        try:
            queue(name).get(timeout=float(count))
        except standard.Empty:
            pass
    elif verb == "loop":
        for _ in queue(name):
            pass
    elif verb == "join":
        queue(name).join()
    elif verb == "lock":
        lock(name).acquire()
    elif verb == "read":
        lock(name).acquire(mode="read")
    elif verb == "read-until-refused":
        while lock(name).acquire(mode="read", block=False):
            lock(name).release()
    elif verb == "send":
        pipe(name).send("x" * int(count or 1))
    elif verb == "recv":
        pipe(name).recv()
    elif verb == "lock-for":
        lock(name).acquire(timeout=float(count))
    elif verb == "unlock":
        lock(name).release()
    elif verb == "meet":
        meet(name, int(count))
    elif verb == "sleep":
        time.sleep(float(name) / 1000)
    elif verb == "spin":
        until = time.monotonic() + float(name) / 1000
        while time.monotonic() < until:
            pass
    elif verb == "handler":
        signal.signal(signal.SIGUSR2, lambda *_: os._exit(0))
    elif verb == "alarm":
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.setitimer(signal.ITIMER_REAL, float(name) / 1000)
    else:
        raise ValueError(f"there is no step `{step}`")


def meet(place, count):
    """Goes on once so many have come here."""
    folder = os.environ["FORKLINE_RUN_DIR"]
    with open(os.path.join(folder, f"{place}.{os.getpid()}.{threading.get_ident()}"), "w"):
        pass
    while sum(file.startswith(f"{place}.") for file in os.listdir(folder)) < count:
        time.sleep(0.005)
