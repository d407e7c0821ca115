"""What Python's own multiprocessing makes of the same work: its Queue, and the Lock of its Manager."""

import json
import multiprocessing as mp
import resource
import sys
import time

WARM_UP = 500


def put(queue, ready, go, count, item):
    ready.release()
    go.wait()
    for _ in range(count):
        queue.put(item)
    queue.close()
    queue.join_thread()


def get(queue, ready, go, count, result):
    ready.release()
    go.wait()
    size = 0
    for _ in range(count):
        got = queue.get()
        size += len(got["name"]) if isinstance(got, dict) else len(got)
    result.put((count, size))


def pong(there, back, ready, go, count):
    ready.release()
    go.wait()
    for _ in range(count + WARM_UP):
        back.put(there.get())


def ping(there, back, ready, go, count, item, result):
    ready.release()
    go.wait()
    times = []
    for n in range(-WARM_UP, count):
        start = time.perf_counter()
        there.put(item)
        back.get()
        if n >= 0:
            times.append((time.perf_counter() - start) * 1000)
    times.sort()
    result.put((times[count // 2], times[int(count * 0.99)]))


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
    item = told.get("value") or (b"x" if told.get("bytes") else "x") * told.get("size", 0)
    processes = []
    if role == "queue":
        queue = context.Queue(told.get("maxsize", 0))
        producers, consumers = told.get("producers", 1), told.get("consumers", 1)
        for _ in range(producers):
            processes.append(context.Process(target=put, args=(queue, ready, go, count // producers, item)))
        for _ in range(consumers):
            processes.append(context.Process(target=get, args=(queue, ready, go, count // consumers, result)))
    elif role == "round-trip":
        there, back = context.Queue(), context.Queue()
        processes.append(context.Process(target=ping, args=(there, back, ready, go, count, item, result)))
        processes.append(context.Process(target=pong, args=(there, back, ready, go, count)))
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
    if role == "queue":
        results = [result.get() for _ in range(consumers)]
        answer = {"items": sum(r[0] for r in results), "bytes": sum(r[1] for r in results)}
    elif role == "round-trip":
        p50, p99 = result.get()
        answer = {"p50": p50, "p99": p99}
    else:
        answer = {}
    for process in processes:
        process.join()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    answer["cpu"] = sum(usage.ru_utime + usage.ru_stime for usage in used)
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
