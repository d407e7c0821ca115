"""Programs that do to queues, locks and pipes what a plan of run.mjs says, and write down what they see.

Each process has a file of its own in $CHAOS_DIR, to which it appends a line before and after every call, with the time of the system's
monotonic clock: what was written before a SIGKILL is there after it.
"""

import json
import multiprocessing
import os
import queue as standard
import random
import signal
import threading
import time

from forkline import Aborted, BrokenPipe, BrokenQueue, EndOfFile, ShutDown, lock, pipe, queue

_file = (0, -1)
_numbers = {}
_guard = threading.Lock()


def note(event, **facts):
    global _file
    pid = os.getpid()
    with _guard:
        if _file[0] != pid:
            path = f"{os.environ['CHAOS_DIR']}/{os.environ['FORKLINE_PROCESS']}.{pid}.ndjson"
            _file = (pid, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
        line = {"t": time.monotonic_ns(), "e": event, "k": f"{pid}.{threading.get_ident()}", **facts}
        os.write(_file[1], (json.dumps(line) + "\n").encode())


os.register_at_fork(after_in_child=lambda: globals().update(_guard=threading.Lock()))


def pause(rng, most):
    if most > 0 and rng.random() < 0.5:
        time.sleep(rng.random() * most / 1000)


def crew(cfg, work):
    """`work(rng)` in threads, in forked processes, in a pool."""
    note("start")
    seed = cfg["seed"]
    forks = cfg.get("forks", 0)
    context = multiprocessing.get_context("fork")

    def threads(base):
        started = [threading.Thread(target=lambda n=n: guarded(work, base + n)) for n in range(cfg.get("threads", 1) - 1)]
        for thread in started:
            thread.start()
        guarded(work, base + 99)
        for thread in started:
            thread.join()

    def child(base):
        threads(base)
        note("bye")

    if cfg.get("pool"):
        global _pooled
        _pooled = child
        with context.Pool(forks) as pool:
            pool.map(in_pool, [seed * 1000 + 100 * n for n in range(forks)], 1)
            pool.close()
            pool.join()
    else:
        children = [context.Process(target=child, args=(seed * 1000 + 100 * n + 100,)) for n in range(forks)]
        for process in children:
            process.start()
        threads(seed * 1000)
        for process in children:
            process.join()
        if any(process.exitcode != 0 for process in children):
            raise SystemExit(1)
    if _failed:
        raise SystemExit(1)
    note("bye")


_pooled = None
_failed = []


def in_pool(base):
    _pooled(base)


def guarded(work, seed):
    try:
        work(random.Random(seed))
    except BaseException as error:
        note("error", what=f"{type(error).__name__}: {error}")
        _failed.append(error)
        raise


def make(cfg, n, poison=False):
    # Of no two items alike: what is of two of them shows.
    letter = chr(ord("a") + int(n) % 26)
    return f"{os.getpid()}.{threading.get_ident()}.{n}{'!' if poison else ''} " + letter * cfg.get("size", 0)


def is_torn(text):
    body = text[text.index(" ") + 1 :]
    return body != body[:1] * len(body)


def put(rng, cfg, name, text):
    ident = text.split(" ")[0]
    q = queue(name)
    item = text.encode() if cfg.get("bytes") else text
    more = {"priority": rng.randrange(5)} if cfg.get("order") == "priority" else {}
    if cfg.get("order") == "deque":
        more = {"side": rng.choice(["left", "right"])}
    while True:
        way = rng.choice(cfg.get("ways", ["put"]))
        note("put", q=name, id=ident, size=len(text))
        try:
            if way == "nowait":
                q.put_nowait(item, **more)
            elif way == "timeout":
                q.put(item, timeout=rng.choice([0, 0.001, 0.05]), **more)
            elif way == "many":
                q.put_many([item], **more)
            elif way == "confirm":
                q.put(item, confirm=True, **more)
            else:
                q.put(item, **more)
        except standard.Full:
            note("full", q=name, id=ident)
            if cfg.get("overflow") == "fail":
                time.sleep(0.002)
            continue
        except BrokenQueue:
            note("broken", q=name, id=ident)
            return False
        note("put+", q=name, id=ident, sure=way == "confirm")
        return True


def produce(cfg):
    def work(rng):
        for n in range(cfg["count"]):
            poison = n in cfg.get("poison", [])
            if not put(rng, cfg, rng.choice(cfg["queues"]), make(cfg, n, poison)):
                return
            pause(rng, cfg.get("pace", 0))
            if cfg.get("flush") and rng.random() < 0.02:
                for name in cfg["queues"]:
                    queue(name).flush()
                    note("flush+", q=name)
        if cfg.get("join"):
            for name in cfg["queues"]:
                queue(name).join()
                note("join+", q=name)

    crew(cfg, work)
    if cfg.get("fail"):
        raise SystemExit(7)


def consume(cfg):
    def handle(rng, name, item, more):
        text = item.decode() if isinstance(item, bytes) else item
        ident = text.split(" ")[0]
        torn = {"torn": True} if is_torn(text) else {}
        note("got", q=name, id=ident, size=len(text), **torn, **more)
        if ident.endswith("!") and cfg.get("poison"):
            # Until the broker knows that this is what was taken.
            time.sleep(0.05)
            note("poisoned", q=name, id=ident)
            if cfg["poison"] == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            os._exit(9)
        pause(rng, cfg.get("pace", 0))
        if cfg.get("out"):
            put(rng, {**cfg, "order": None}, cfg["out"], make(cfg, f"{next_number()}", False) + "<" + ident)
        return ident

    def work(rng):
        name = cfg["queue"]
        q = queue(name)
        style = cfg["style"]
        try:
            if style == "loop":
                note("ask", q=name)
                for item in q:
                    ident = handle(rng, name, item, {})
                    note("done", q=name, id=ident)
                    note("ask", q=name)
                note("end", q=name, how="closed")
                return
            while True:
                note("ask", q=name)
                try:
                    if style == "take":
                        taken = q.take(**({"timeout": 0.02} if rng.random() < 0.3 else {}))
                        facts = {"attempt": taken.attempt, "redelivered": taken.redelivered}
                        if cfg.get("dead"):
                            facts.update(reason=taken.reason, attempts=taken.attempts)
                        ident = handle(rng, name, taken.value, facts)
                        if taken.attempt == 1 and rng.random() < cfg.get("giveback", 0):
                            note("back", q=name, id=ident)
                            taken.give_back()
                        else:
                            note("done", q=name, id=ident)
                            taken.done()
                        continue
                    if style == "timed":
                        item = q.get(timeout=rng.choice([0, 0.001, 0.03]))
                    elif style == "nowait":
                        item = q.get_nowait()
                    else:
                        item = q.get()
                except standard.Empty:
                    note("empty", q=name)
                    if style == "nowait":
                        time.sleep(0.001)
                    continue
                ident = handle(rng, name, item, {})
                if style != "plain":
                    note("done", q=name, id=ident)
                    q.task_done()
        except Aborted:
            note("end", q=name, how="aborted")
        except ShutDown:
            note("end", q=name, how="closed")

    crew(cfg, work)


_count = [0]


def next_number():
    with _guard:
        _count[0] += 1
        return _count[0]


def crawl(cfg):
    """Puts what it finds into the queue that it takes from."""

    def work(rng):
        name = cfg["queue"]
        note("ask", q=name)
        for text in queue(name):
            ident = text.split(" ")[0]
            note("got", q=name, id=ident, size=len(text))
            depth = len(text) - len(ident) - 1
            for _ in range(cfg["fan"] if depth > 0 else 0):
                if not put(rng, {"ways": cfg.get("ways", ["put"])}, name, make({"size": depth - 1}, next_number())):
                    return
            pause(rng, cfg.get("pace", 0))
            note("done", q=name, id=ident)
            note("ask", q=name)
        note("end", q=name, how="closed")

    crew(cfg, work)


def seed(cfg):
    """The first item of a crawl."""
    crew(cfg, lambda rng: put(rng, cfg, cfg["queue"], make({"size": cfg["depth"]}, 0)))


def take_locks(cfg):
    def work(rng):
        for _ in range(cfg["count"]):
            name = rng.choice(cfg["locks"])
            kind = cfg["kinds"][name]
            mode = rng.choice(["read", "read", "write"]) if kind == "rw" else "write"
            more = {"mode": "read"} if mode == "read" else {}
            way = rng.random()
            note("want", l=name, m=mode, forever=way >= 0.4)
            which = lock(name)
            if way < 0.2:
                granted = which.acquire(timeout=rng.choice([0.001, 0.02]), **more)
            elif way < 0.4:
                granted = which.acquire(block=False, **more)
            else:
                granted = which.acquire(**more)
            if not granted:
                note("gaveup", l=name)
                continue
            note("have", l=name, m=mode, fence=which.fence, abandoned=which.abandoned)
            if kind == "reentrant" and rng.random() < 0.5:
                which.acquire()
                which.release()
            pause(rng, cfg.get("pace", 0))
            note("free", l=name)
            which.release()
            note("freed", l=name)
            pause(rng, cfg.get("idle", 0))

    crew(cfg, work)


def talk(cfg):
    """Sends and receives at once."""
    line = pipe(cfg["pipe"])

    def sends(rng):
        try:
            for n in range(cfg["count"]):
                size = rng.choice(cfg["sizes"])
                note("send", p=cfg["pipe"], n=n)
                line.send(f"{n} " + "x" * size)
                note("send+", p=cfg["pipe"], n=n, size=size)
                pause(rng, cfg.get("pace", 0))
        except BrokenPipe:
            note("pipebroken", p=cfg["pipe"])

    def work(rng):
        thread = threading.Thread(target=sends, args=(random.Random(rng.random()),))
        thread.start()
        try:
            while True:
                text = line.recv()
                number, _, rest = text.partition(" ")
                note("recv", p=cfg["pipe"], n=int(number), size=len(rest))
        except EndOfFile:
            note("eof", p=cfg["pipe"])
        thread.join()

    def closing(rng):
        thread = threading.Thread(target=sends, args=(random.Random(rng.random()),))
        thread.start()
        got = 0
        try:
            while got < cfg["expect"]:
                text = line.recv()
                got += 1
                number, _, rest = text.partition(" ")
                note("recv", p=cfg["pipe"], n=int(number), size=len(rest))
            thread.join()
            line.close()
        except EndOfFile:
            note("eof", p=cfg["pipe"])
            thread.join()

    crew(cfg, closing if "expect" in cfg else work)
