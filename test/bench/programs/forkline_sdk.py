"""One end of a queue, with the SDK as a Python program would use it."""

import faulthandler
import json
import signal
import sys

from forkline import queue
from payload import items_of, value_of

# One that stands still tells where it stands.
faulthandler.register(signal.SIGUSR1)
role, told = sys.argv[1], json.loads(sys.argv[2])
items = queue("items")


def put(payload):
    count, kinds = told["count"], told["kinds"]
    for n in range(count):
        items.put(payload[n % kinds])
    items.close()
    return {}


def get():
    seen = total = 0
    for got in items:
        seen += 1
        total += value_of(got)
    return {"items": seen, "sum": total}


payload = items_of(told)
items.qsize()
print("ready", flush=True)
sys.stdin.readline()
answer = put(payload) if role == "put" else get()
print(json.dumps(answer), flush=True)
# Stays until its processor time has been looked at.
sys.stdin.readline()
