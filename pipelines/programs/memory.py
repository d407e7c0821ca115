"""One module, two processes: each has a `number` of its own."""

number = 100


def change() -> None:
    global number
    number = 0
    print(f"the changer sees {number}")


def look() -> None:
    print(f"the onlooker sees {number}")
