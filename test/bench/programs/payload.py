"""What the programs of a row put, by number, and what it says to the one who gets it."""

DIGITS = 6


def items_of(told):
    size, value = told.get("size", 0), told.get("value")
    if told.get("bytes"):
        return [bytes([n + 1]) * size for n in range(told["kinds"])]
    if value is not None:
        return [dict(value, id=n + 1) for n in range(told["kinds"])]
    return [str(n + 1).zfill(DIGITS).ljust(size, "x") for n in range(told["kinds"])]


def value_of(got):
    if type(got) is str:
        return int(got[:DIGITS])
    if type(got) is dict:
        return got["id"]
    if got[-1] != got[0]:
        raise ValueError("an item came broken")
    return got[0]


def line_of(times):
    times.sort()
    return {"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)]}
