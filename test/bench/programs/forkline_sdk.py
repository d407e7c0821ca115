"""One end of a queue or one user of a lock, with the SDK as a Python program would use it."""

import faulthandler
import json
import signal
import sys
import time

from forkline import lock, queue
from payload import items_of, line_of, value_of

# One that stands still tells where it stands.
faulthandler.register(signal.SIGUSR1)
role, told = sys.argv[1], json.loads(sys.argv[2])
items = queue("items")
there, back = queue("there"), queue("back")
mutex = lock("mutex")


def put():
    payload, count, kinds = items_of(told), told["count"], told["kinds"]
    begin(items.qsize)
    for n in range(count):
        items.put(payload[n % kinds])
    items.close()
    return {}


def get():
    seen = total = 0
    begin(items.qsize)
    for got in items:
        seen += 1
        total += value_of(got)
    return {"items": seen, "sum": total}


def ping():
    payload, kinds, warm_up = items_of(told), told["kinds"], told["warmUp"]
    times = []
    begin(there.qsize)
    for n in range(-warm_up, told["count"]):
        item = payload[(n + warm_up) % kinds]
        start = time.perf_counter()
        there.put(item)
        got = back.get()
        back.task_done()
        if n >= 0:
            times.append((time.perf_counter() - start) * 1000)
        if got != item:
            raise ValueError("something else came back")
    return line_of(times)


def pong():
    begin(there.qsize)
    for _ in range(told["warmUp"] + told["count"]):
        back.put(there.get())
        there.task_done()
    return {}


def take():
    begin(lambda: mutex.acquire() and mutex.release())
    for _ in range(told["count"]):
        mutex.acquire()
        mutex.release()
    return {}


def begin(connect):
    """So that only the work is timed."""
    connect()
    print("ready", flush=True)
    sys.stdin.readline()


answer = {"put": put, "get": get, "ping": ping, "pong": pong, "lock": take}[role]()
print(json.dumps(answer), flush=True)
# Stays until its processor time has been looked at.
sys.stdin.readline()
