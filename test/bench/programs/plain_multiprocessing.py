"""What Python's own multiprocessing makes of the same work: its Queue, and the Lock and the PriorityQueue of its Manager."""

import json
import multiprocessing as mp
import queue as queues
import resource
import sys
import time
from multiprocessing.managers import SyncManager

from payload import items_of, line_of, value_of

def put(queue, ready, go, count, told):
    items, kinds = items_of(told), told["kinds"]
    ready.release()
    go.wait()
    for n in range(count):
        queue.put(items[n % kinds])
    queue.close()
    queue.join_thread()


def put_priority(queue, ready, go, count, told):
    items, kinds = items_of(told), told["kinds"]
    ready.release()
    go.wait()
    for n in range(count):
        queue.put((n % 7, n, items[n % kinds]))


def get_priority(queue, ready, go, count, result):
    ready.release()
    go.wait()
    total = 0
    for _ in range(count):
        total += value_of(queue.get()[2])
    result.put((count, total))


class Manager(SyncManager):
    """With a queue of queue's own."""


Manager.register("PriorityQueue", queues.PriorityQueue)


def get(queue, ready, go, count, result):
    ready.release()
    go.wait()
    total = 0
    for _ in range(count):
        total += value_of(queue.get())
    result.put((count, total))


def pong(there, back, ready, go, count, warm_up):
    ready.release()
    go.wait()
    for _ in range(count + warm_up):
        back.put(there.get())


def ping(there, back, ready, go, count, told, result):
    items, kinds, warm_up = items_of(told), told["kinds"], told["warmUp"]
    ready.release()
    go.wait()
    times = []
    for n in range(-warm_up, count):
        item = items[(n + warm_up) % kinds]
        start = time.perf_counter()
        there.put(item)
        got = back.get()
        if n >= 0:
            times.append((time.perf_counter() - start) * 1000)
        if got != item:
            raise ValueError("something else came back")
    result.put(line_of(times))


class PipeEnd:
    """An end of a pipe, spoken to as a queue."""

    def __init__(self, end):
        self.put, self.get = end.send, end.recv


def fill(ready, go, count, size, result):
    """Puts what nobody takes yet, and tells how much larger that has made it."""
    queue = mp.get_context("fork").Queue()
    ready.release()
    go.wait()
    before = resident()
    for n in range(count):
        queue.put(str(n % 1000 + 1).zfill(6).ljust(size, "x"))
    result.put(resident() - before)
    queue.cancel_join_thread()


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def lock(mutex, ready, go, count):
    with mutex:
        ready.release()
    go.wait()
    for _ in range(count):
        mutex.acquire()
        mutex.release()


def main():
    role, told = sys.argv[1], json.loads(sys.argv[2])
    context = mp.get_context("fork")
    ready, go, result = context.Semaphore(0), context.Event(), context.SimpleQueue()
    count = told["count"]
    processes = []
    if role == "queue":
        queue = context.Queue(told.get("maxsize", 0))
        producers, consumers = told.get("producers", 1), told.get("consumers", 1)
        for _ in range(producers):
            processes.append(context.Process(target=put, args=(queue, ready, go, count // producers, told)))
        for _ in range(consumers):
            processes.append(context.Process(target=get, args=(queue, ready, go, count // consumers, result)))
    elif role == "priority":
        consumers = 1
        manager = Manager(ctx=context)
        manager.start()
        queue = manager.PriorityQueue()
        processes.append(context.Process(target=put_priority, args=(queue, ready, go, count, told)))
        processes.append(context.Process(target=get_priority, args=(queue, ready, go, count, result)))
    elif role == "round-trip":
        there, back = context.Queue(), context.Queue()
        processes.append(context.Process(target=ping, args=(there, back, ready, go, count, told, result)))
        processes.append(context.Process(target=pong, args=(there, back, ready, go, count, told["warmUp"])))
    elif role == "pipe":
        one, other = [PipeEnd(end) for end in context.Pipe()]
        processes.append(context.Process(target=ping, args=(one, one, ready, go, count, told, result)))
        processes.append(context.Process(target=pong, args=(other, other, ready, go, count, told["warmUp"])))
    elif role == "fill":
        processes.append(context.Process(target=fill, args=(ready, go, count, told["size"], result)))
    elif role == "lock":
        mutex = context.Manager().Lock()
        for _ in range(told["users"]):
            processes.append(context.Process(target=lock, args=(mutex, ready, go, count)))
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    print("ready", flush=True)
    sys.stdin.readline()
    go.set()
    if role in ("queue", "priority"):
        results = [result.get() for _ in range(consumers)]
        answer = {"items": sum(r[0] for r in results), "sum": sum(r[1] for r in results)}
        if "expected" in told:
            assert answer == told["expected"], answer
    elif role in ("round-trip", "pipe"):
        answer = result.get()
    elif role == "fill":
        answer = {"grown": result.get()}
    else:
        answer = {}
    for process in processes:
        process.join()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    answer["cpu"] = sum(usage.ru_utime + usage.ru_stime for usage in used)
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
