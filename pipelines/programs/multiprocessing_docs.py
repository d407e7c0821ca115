"""The examples of multiprocessing's documentation, with what is shared named in the pipeline instead of handed over."""

from forkline import lock, pipe, queue


def child() -> None:
    queue("letters").put([42, None, "hello"])
    with pipe("connection") as connection:
        connection.send([42, None, "hello"])


def parent() -> None:
    print(queue("letters").get())
    print(pipe("connection").recv())


def print_whole(number: int, path: str) -> None:
    with lock("screen"), open(path, "a") as screen:
        for word in ("hello", "world", str(number)):
            screen.write(word + " ")
            screen.flush()
        screen.write("\n")


def master(count: int) -> None:
    for number in range(count):
        queue("tasks").put(number)


def worker() -> None:
    # No sentinel: the loop ends once the master has, and all is taken.
    for number in queue("tasks"):
        queue("results").put(number * number)


def add_up() -> None:
    print(sum(queue("results")))
