"""One end of a queue, with the SDK as a Python program would use it."""

import json
import sys

from forkline import queue

role, told = sys.argv[1], json.loads(sys.argv[2])
count, item = told["count"], told.get("value") or "x" * told["size"]
items = queue("items")
items.qsize()
print("ready", flush=True)
sys.stdin.readline()
if role == "put":
    for _ in range(count):
        items.put(item)
    items.close()
    answer = {}
else:
    seen = size = 0
    for got in items:
        seen += 1
        size += len(got)
    answer = {"items": seen, "bytes": size}
print(json.dumps(answer), flush=True)
# Stays until its processor time has been looked at.
sys.stdin.readline()
