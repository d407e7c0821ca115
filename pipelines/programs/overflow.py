from forkline import queue


def deliver():
    queue("letters").put_many(f"letter {n}" for n in (1, 2, 3, 4))


def serve():
    for guest in queue("tables"):
        print("served", guest)
