"""Who looks like one in a deadlock, and is not: each function holds the lock that the other waits for, and waits for what the other
would put; but something else in the program, which takes three seconds, gives the lock back."""

import asyncio
import concurrent.futures
import ctypes
import fcntl
import hashlib
import multiprocessing
import os
import queue as standard
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

from forkline import lock, queue

LONG = 3.0
fork = multiprocessing.get_context("fork")


def crossed(how):
    lock("l").acquire()
    if how in ("handler", "alarm"):
        signal.signal(signal.SIGUSR1 if how == "handler" else signal.SIGALRM, lambda *_: give_back())
        if how == "alarm":
            signal.setitimer(signal.ITIMER_REAL, LONG)
        said(os.getpid())
        queue("q").get()
        return
    if how == "sigwait":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    started = threading.Event()
    other = threading.Thread(target=lambda: (started.set(), globals()[how](), give_back()))
    other.start()
    started.wait()
    said(os.getpid())
    queue("q").get()


def give_back():
    lock("l").release()


def other():
    """The other one."""
    folder = os.environ["FORKLINE_RUN_DIR"]
    while not os.path.exists(folder + "/pid"):
        time.sleep(0.005)
    lock("l").acquire()
    queue("q").put("x")


def said(pid):
    path = os.environ["FORKLINE_RUN_DIR"] + "/pid"
    with open(path + ".new", "w") as file:
        file.write(str(pid))
    os.rename(path + ".new", path)


def sleep():
    time.sleep(LONG)


def spin():
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        pass


def hashing():
    """A long call into C, with the interpreter's lock released."""
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", 400_000)


def matching():
    """A long call into C, with the interpreter's lock held."""
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        re.match(r"(a+)+$", "a" * 23 + "b")


def foreign():
    ctypes.CDLL(None).usleep(3_000_000)


def program():
    subprocess.run(["sleep", str(LONG)], check=True)


def program_read():
    subprocess.run(f"sleep {LONG}; echo done", shell=True, capture_output=True, check=True)


def grandchild():
    subprocess.run(["sh", "-c", f"setsid sleep {LONG}"], check=True)


def pool():
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        list(executor.map(time.sleep, [LONG, 1]))


def processes():
    with fork.Pool(2) as some:
        some.map(time.sleep, [LONG, 1])


def child_event():
    event = fork.Event()
    child = fork.Process(target=lambda: (time.sleep(LONG), event.set()))
    child.start()
    event.wait()
    child.join()


def child_queue():
    line = fork.Queue()
    child = fork.Process(target=lambda: (time.sleep(LONG), line.put(1)))
    child.start()
    line.get()
    child.join()


def child_semaphore():
    held = fork.Semaphore(0)
    child = fork.Process(target=lambda: (time.sleep(LONG), held.release()))
    child.start()
    held.acquire()
    child.join()


def forked():
    pid = os.fork()
    if pid == 0:
        time.sleep(LONG)
        os._exit(0)
    os.waitpid(pid, 0)


def condition():
    some = threading.Condition()
    with some:
        some.wait(LONG)


def timer():
    event = threading.Event()
    threading.Timer(LONG, event.set).start()
    event.wait()


def barrier():
    meeting = threading.Barrier(2)
    threading.Thread(target=lambda: (time.sleep(LONG), meeting.wait())).start()
    meeting.wait()


def plain_queue():
    line = standard.Queue()
    threading.Thread(target=lambda: (time.sleep(LONG), line.put(1))).start()
    line.get()


def loop():
    asyncio.run(asyncio.sleep(LONG))


def loop_of_threads():
    asyncio.run(asyncio.to_thread(time.sleep, LONG))


def loop_and_program():
    async def main():
        child = await asyncio.create_subprocess_exec("sleep", str(LONG))
        await child.wait()

    asyncio.run(main())


def address():
    return os.environ["FORKLINE_RUN_DIR"] + "/socket"


def net():
    """Waits for a word of another process of the run, which the runner knows nothing of."""
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(address())
        line.listen()
        connected, _ = line.accept()
        connected.recv(1)
        connected.close()


def net_select():
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(address())
        line.listen()
        select.select([line], [], [])


def loop_net():
    async def main():
        heard = asyncio.Event()
        server = await asyncio.start_unix_server(lambda *_: heard.set(), address())
        await heard.wait()
        server.close()

    asyncio.run(main())


def word():
    """Says it, after a while."""
    time.sleep(LONG)
    while True:
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(address())
                line.send(b"x")
                return
            except BrokenPipeError:
                return  # it has heard enough
            except (ConnectionRefusedError, FileNotFoundError):
                time.sleep(0.1)


def fifo():
    path = os.environ["FORKLINE_RUN_DIR"] + "/fifo"
    os.mkfifo(path)
    with open(path) as file:
        file.read()


def stdin():
    sys.stdin.read()


def stdin_of_queue():
    sys.stdin.readline()


def file_lock():
    with open(os.environ["FORKLINE_RUN_DIR"] + "/flock", "w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.flock(file, fcntl.LOCK_UN)
                time.sleep(0.01)
            except BlockingIOError:
                break
        fcntl.flock(file, fcntl.LOCK_EX)


def sigwait():
    signal.sigwait([signal.SIGUSR1])


def get_for_a_while():
    try:
        queue("none").get(timeout=LONG)
    except standard.Empty:
        pass


def lock_for_a_while():
    lock("busy").acquire(timeout=LONG)


def again_and_again():
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        try:
            queue("none").get(timeout=0.4)
        except standard.Empty:
            pass


def poll_pipe():
    """A pipe of the kernel's between two threads, of which one sleeps."""
    read, write = os.pipe()
    threading.Thread(target=lambda: (time.sleep(LONG), os.write(write, b"x"))).start()
    os.read(read, 1)
