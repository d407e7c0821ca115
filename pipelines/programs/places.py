from forkline import queue


def admit():
    room = queue("waiting-room")
    for name, urgency in (("Ada", 3), ("Ben", 1), ("Cem", 3), ("Dan", 0.5)):
        # As the priority is an argument, the item is what it was put as: no pair of the two, as in `queue.PriorityQueue`.
        room.put(name, priority=urgency)


def uncouple():
    train = queue("train")
    print("last:", train.get(side="right"))
    print("first:", train.get(side="left"))
    print("between:", *train)
