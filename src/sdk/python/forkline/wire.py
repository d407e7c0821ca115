"""The frames of docs/protocol.md as bytes: one function for each frame a client says, one for each body it reads.

Knows no socket and keeps no state. Frames go out as whole `bytes`; a `PUT` goes out as pieces, so that large items
are not copied.
"""

from __future__ import annotations

import json
from struct import Struct, error as struct_error  # noqa: F401
from typing import Any, Optional, Union

Buffer = Union[bytes, memoryview]

PROTOCOL = 1

# From the client; `GOODBYE` goes both ways.
HELLO, GOODBYE, PUT, WANT, UNWANT, GET, UNGET, TAKEN, DONE = range(1, 10)
GIVE_BACK, CLOSE, GIVE_ROOM, JOIN, STAT, FLUSH, ACQUIRE, RELEASE, CANCEL = range(10, 19)
PUT_PRIORITY = 19
OFFER = 20
SHUT = 21
STUCK = 22
READY = 30
OUTPUT = 31
WATCH = 32
TERMINATE = 33
FINISH = 34
AREA_READY = 38
LEAVE_AREA = 39
#: `WATCH`: answer once it has ended. `TERMINATE`: at once.
WAIT = KILL = 1

#: `PUT`, `PUT_PRIORITY`, `DELIVER`, `REDELIVER`: the item lies in shared memory, and here is what stands for it.
ASIDE = 4
#: `AREA`: it may be written to; it is gone.
LENT_AREA = 1
GONE = 2
#: An item that is smaller is sent faster than it is laid down and picked up.
LEAST_ASIDE = 64 * 1024

#: `PUT`, `OFFER`: at the left end of a deque; `GET`, `DELIVER`, `REDELIVER`: from its right end.
LEFT = 1
RIGHT = 2

# From the broker.
WELCOME, ERROR, ROOM, DELIVER, REDELIVER, END = range(64, 70)
BROKEN, GRANTED, REPLY, REFUSED, WITHDRAWN, RECALL = range(70, 76)
DEAD = 76
ASK = 77
PAUSED = 89
AREA = 90
FREED = 91

#: The longest frame, and the longest that carries one item.
LONGEST_FRAME = 16 * 1024 * 1024
LARGEST_ITEM = 1024 * 1024 * 1024
LONGEST_ITEM_FRAME = LARGEST_ITEM + 64

#: The longest body of an `OUTPUT`.
LONGEST_OUTPUT = 1024 * 1024

#: `length`, `type`, `flags`, `channel`.
HEADER = Struct(">IBBH")

_NUMBER = Struct(">I")
_ROOM = Struct(">II")
_GRANTED = Struct(">IQ")
_number_frame = Struct(">IBBHI").pack
_room_frame = Struct(">IBBHII").pack
_range_frame = Struct(">IBBHHII").pack
_priority_frame = Struct(">IBBHdI").pack
_offer_frame = Struct(">IBBHIdII").pack
_stand_in = Struct(">IIIII")
_release_frame = Struct(">IBBHQI").pack

#: The size fields of small items, ready made: packing them one by one would cost as much as the rest of a put.
_SIZES = [_NUMBER.pack(size) for size in range(4096)]


def hello(
    instance: str, token: str, pid: int, sdk: str, child: bool = False, pauses: bool = False, areas: bool = False
) -> bytes:
    told = {"protocol": PROTOCOL, "instance": instance, "token": token, "pid": pid, "sdk": sdk}
    if child:
        told["child"] = True
    if pauses:
        told["pauses"] = True
    if areas:
        told["areas"] = True
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")
    return HEADER.pack(4 + len(body), HELLO, 0, 0) + body


def bare(kind: int, channel: int = 0) -> bytes:
    """`GOODBYE`, `UNWANT`, `UNGET`, `CLOSE`, `SHUT`."""
    return HEADER.pack(4, kind, 0, channel)


def number(kind: int, channel: int, value: int, flags: int = 0) -> bytes:
    """`GET` and `TAKEN` with a count; `JOIN`, `STAT`, `FLUSH`, `ACQUIRE`, `CANCEL` and `STUCK` with a request."""
    return _number_frame(8, kind, flags, channel, value)


def room(kind: int, channel: int, count: int, size: int, flags: int = 0) -> bytes:
    """`WANT` and `GIVE_ROOM`."""
    return _room_frame(12, kind, flags, channel, count, size)


def tags(kind: int, channel: int, first: int, count: int) -> bytes:
    """`DONE` and `GIVE_BACK`."""
    return _range_frame(14, kind, 0, channel, first >> 32, first & 0xFFFFFFFF, count)


def release(channel: int, fence: int, request: int, flags: int = 0) -> bytes:
    return _release_frame(16, RELEASE, flags, channel, fence, request)


def asked(kind: int, request: int, body: bytes, flags: int = 0) -> bytes:
    """`OUTPUT`, `WATCH`, `TERMINATE`; `body` is JSON."""
    return _number_frame(8 + len(body), kind, flags, 0, request) + body


def put(
    channel: int, items: "list[bytes]", size: int, flags: int = 0, priority: Optional[float] = None
) -> "list[bytes]":
    """A `PUT` of `items`, which are `size` bytes together, as one piece if it is small and as several if not.

    With a priority it is a `PUT_PRIORITY`.
    """
    count = len(items)
    length = 8 + 4 * count + size
    if priority is None:
        head = _number_frame(length, PUT, flags, channel, count)
    else:
        head = _priority_frame(8 + length, PUT_PRIORITY, flags, channel, priority, count)
    if count == 1 and size <= 4096:
        return [head + _NUMBER.pack(size) + items[0]]
    sizes = list(map(len, items))
    if size > 4096 * (1 + count):
        return [head, *_sized(sizes, items)]
    if items and sizes.count(sizes[0]) == count:
        each = _NUMBER.pack(sizes[0])
        return [head + each + each.join(items)]
    return [head + b"".join(_sized(sizes, items))]


def _sized(sizes: "list[int]", items: "list[bytes]") -> "list[bytes]":
    """Each item behind its size."""
    pieces: "list[bytes]" = [b""] * (2 * len(items))
    try:
        pieces[0::2] = map(_SIZES.__getitem__, sizes)
    except IndexError:
        pieces[0::2] = map(_NUMBER.pack, sizes)
    pieces[1::2] = items
    return pieces


def put_aside(
    channel: int, place: "tuple[int, int, int]", flags: int = 0, priority: Optional[float] = None
) -> bytes:
    """A `PUT` of one item that lies in shared memory: in which area, where, and of which size. With a priority a `PUT_PRIORITY`."""
    stand_in = _stand_in.pack(1, 12, *place)
    if priority is None:
        return HEADER.pack(24, PUT, flags | ASIDE, channel) + stand_in
    head = _priority_frame(32, PUT_PRIORITY, flags | ASIDE, channel, priority, 1)
    return head + stand_in[4:]


def offer(channel: int, request: int, priority: float, item: bytes, flags: int = 0) -> "list[bytes]":
    """An `OFFER` of one item, as two pieces."""
    size = len(item)
    return [_offer_frame(24 + size, OFFER, flags, channel, request, priority, 1, size), item]


def split(body: Buffer, start: int = 0) -> "list[bytes]":
    """The items of a `DELIVER`, or of a `REDELIVER` from byte 4 on. Raises ValueError where they do not fill the body."""
    (count,) = _NUMBER.unpack_from(body, start)
    start += 4
    whole = len(body)
    if count > (whole - start) // 4:
        raise ValueError(f"{count} items do not fit into {whole} bytes")
    if count == 1 and start + 4 + _NUMBER.unpack_from(body, start)[0] == whole:
        return [bytes(body[start + 4 :])]
    if count < 2 or whole > 4096 * (1 + count):
        return _checked(count, list(map(bytes, _split(body, start))))
    # Slices of `bytes` are cheaper than of anything else, and items of one size are cut out in one go.
    data = bytes(body)
    (size,) = _NUMBER.unpack_from(data, start)
    width = 4 + size
    if start + count * width == whole:
        sizes_alike = all(data[at::width] == data[at : at + 1] * count for at in range(start, start + 4))
        if sizes_alike:
            return list(Struct(f"4x{size}s" * count).unpack_from(data, start))
    return _checked(count, _split(data, start))


def _split(body: Buffer, start: int) -> "list[Any]":
    """One after the other."""
    items = []
    size_at = _NUMBER.unpack_from
    end = len(body)
    while start < end:
        (size,) = size_at(body, start)
        start += 4 + size
        items.append(body[start - size : start])
    if start != end:
        raise ValueError(f"the last item ends at byte {start} of a body of {end}")
    return items


def _checked(count: int, items: "list[bytes]") -> "list[bytes]":
    if len(items) != count:
        raise ValueError(f"{count} items were announced, and {len(items)} came")
    return items


def read_place(body: Buffer, start: int = 0) -> "tuple[int, int, int]":
    """Where the item of a `DELIVER`, or of a `REDELIVER` from byte 4 on, lies. Raises ValueError where that has another form."""
    count, length, area, at, size = _stand_in.unpack_from(body, start)
    if (count, length, len(body)) != (1, 12, start + 20):
        raise ValueError("what stands for an item that lies aside has another form")
    return area, at, size


def read_number(body: Buffer) -> int:
    """The request of a `REPLY` or `REFUSED`; the attempt of a `REDELIVER`."""
    return int(_NUMBER.unpack_from(body)[0])


def read_room(body: Buffer) -> "tuple[int, int]":
    """The count and the bytes of a `ROOM`; the area of a `FREED`, and where in it."""
    count, size = _ROOM.unpack(body)
    return count, size


def read_granted(body: Buffer) -> "tuple[int, int]":
    """The request and the fence of a `GRANTED`."""
    request, fence = _GRANTED.unpack(body)
    return request, fence


def read_json(body: Buffer) -> Any:
    """What `WELCOME`, `ERROR`, `DEAD`, or a `REPLY` from byte 4 on says; `None` where it says nothing."""
    return json.loads(bytes(body)) if len(body) else None


def longest(kind: int) -> int:
    """How many bytes the body of such a frame may have."""
    return LONGEST_ITEM_FRAME if kind in (PUT, OFFER, DELIVER, REDELIVER) else LONGEST_FRAME
