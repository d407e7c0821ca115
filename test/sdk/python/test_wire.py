"""The frames, against the examples that all SDKs share."""

import json
import os
import socket
import unittest

from puppet import wire
from forkline.connection import Connection
from forkline.errors import BrokerLost

EXAMPLES = os.path.join(os.path.dirname(__file__), "..", "..", "wire", "examples.json")

with open(EXAMPLES, encoding="utf-8") as file:
    EVERY = json.load(file)["frames"]

#: Those of direct lanes are for clients that said in `HELLO` that they can have one; this one does not.
LANES = ("LANE", "LANE_READY", "LANE_GO", "LANE_STOP", "LANE_MAP", "LANE_CLOSED", "LANE_LEFT", "HAND_OVER")
FRAMES = [
    example
    for example in EVERY
    if example["frame"]["type"] not in LANES and not {"lanes", "shell"} & set(example["frame"].get("json") or {})
]


def items_of(frame):
    if "itemsHex" in frame:
        return [bytes.fromhex(item) for item in frame["itemsHex"]]
    return [item.encode() for item in frame["items"]]


def written(frame):
    """The bytes of a frame that a client says."""
    kind, channel = getattr(wire, frame["type"]), frame["channel"]
    if frame["type"] == "HELLO":
        told = frame["json"]
        return wire.hello(
            told["instance"], told["token"], told["pid"], told["sdk"], told.get("child", False), areas=told.get("areas", False)
        )
    if "place" in frame:
        return wire.put_aside(channel, tuple(frame["place"]), frame["flags"], frame.get("priority"))
    if frame["type"] in ("PUT", "PUT_PRIORITY"):
        items = items_of(frame)
        return b"".join(wire.put(channel, items, sum(map(len, items)), frame["flags"], frame.get("priority")))
    if frame["type"] == "OFFER":
        [item] = items_of(frame)
        return b"".join(wire.offer(channel, frame["request"], frame["priority"], item, frame["flags"]))
    if frame["type"] in ("OUTPUT", "WATCH", "TERMINATE"):
        body = json.dumps(frame["json"], ensure_ascii=False, separators=(",", ":")).encode()
        return wire.asked(kind, frame["request"], body, frame["flags"])
    if frame["type"] == "RELEASE":
        return wire.release(channel, frame["fence"], frame["request"], frame["flags"])
    if frame["type"] == "FINISH":
        return wire.room(kind, channel, frame["request"], frame["count"])
    if "tag" in frame:
        return wire.tags(kind, channel, frame["tag"], frame["count"])
    if "bytes" in frame:
        return wire.room(kind, channel, frame["count"], frame["bytes"], frame["flags"])
    if "area" in frame:
        return wire.number(kind, channel, frame["area"])
    if "count" in frame or "request" in frame:
        return wire.number(kind, channel, frame.get("count", frame.get("request")), frame["flags"])
    return wire.bare(kind, channel)


def meaning(kind, flags, channel, body):
    """What a frame that the broker says means."""
    name = next(name for name in NAMES if getattr(wire, name) == kind)
    said = {"type": name, "flags": flags, "channel": channel}
    if name in ("WELCOME", "ERROR", "DEAD", "AREA"):
        said["json"] = wire.read_json(body)
    elif name in ("DELIVER", "REDELIVER"):
        start = 4 if name == "REDELIVER" else 0
        if start:
            said["attempt"] = wire.read_number(body)
        if flags & wire.ASIDE:
            said["place"] = list(wire.read_place(body, start))
        else:
            said["items"] = [item.decode() for item in wire.split(body, start)]
    elif name == "FREED":
        said["area"], said["at"] = wire.read_room(body)
    elif name == "ROOM":
        said["count"], said["bytes"] = wire.read_room(body)
    elif name == "GRANTED":
        said["request"], said["fence"] = wire.read_granted(body)
    elif name == "REPLY":
        said["request"] = wire.read_number(body)
        if len(body) > 4:
            said["json"] = wire.read_json(body[4:])
    elif name in ("ASK", "PAUSED") or name == "REFUSED" and len(body):
        said["request"] = wire.read_number(body)
    return said


NAMES = ["GOODBYE", "WELCOME", "ERROR", "ROOM", "DELIVER", "REDELIVER", "END", "BROKEN", "GRANTED", "REPLY"]
NAMES += ["REFUSED", "WITHDRAWN", "RECALL", "DEAD", "ASK", "PAUSED", "AREA", "FREED"]


def heard(pieces):
    """The frames that a connection makes of bytes that arrive in these pieces."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours)
        frames = []
        for piece in pieces:
            theirs.sendall(piece)
            frames.extend((*frame[:3], bytes(frame.body)) for frame in connection.receive())
        return frames


class Wire(unittest.TestCase):
    def test_every_frame_of_a_client_is_written_as_in_the_examples(self):
        said = [example for example in FRAMES if example["from"] == "client"]
        self.assertGreater(len(said), 20)
        for example in said:
            with self.subTest(example["name"]):
                self.assertEqual(written(example["frame"]).hex(), example["hex"])

    def test_every_frame_of_the_broker_is_read_as_in_the_examples(self):
        said = [example for example in FRAMES if example["from"] == "broker"]
        self.assertGreater(len(said), 15)
        for example in said:
            with self.subTest(example["name"]):
                [frame] = heard([bytes.fromhex(example["hex"])])
                self.assertEqual(meaning(*frame), example["frame"])

    def test_frames_are_the_same_when_they_arrive_a_byte_at_a_time(self):
        stream = b"".join(bytes.fromhex(example["hex"]) for example in FRAMES if example["from"] == "broker")
        self.assertEqual(heard([bytes([byte]) for byte in stream]), heard([stream]))

    def test_a_frame_larger_than_any_buffer_arrives_whole_and_so_does_the_next(self):
        item = bytes(range(256)) * 40_000
        [put] = [b"".join(wire.put(1, [item, b"after"], len(item) + 5))]
        frame = put[:4] + bytes([wire.DELIVER]) + put[5:]
        size = 60_000
        frames = heard([(frame * 2)[at : at + size] for at in range(0, 2 * len(frame), size)])
        self.assertEqual([wire.split(body) for *_, body in frames], [[item, b"after"]] * 2)

    def test_a_length_that_no_frame_has_is_refused_before_memory_is_taken_for_it(self):
        for head in ("00000003 42000001", "01000005 42000001", "ffffffff 43000001"):
            with self.subTest(head), self.assertRaises(BrokerLost):
                heard([bytes.fromhex(head)])

    def test_items_of_one_size_and_of_many_come_out_as_they_went_in(self):
        for items in ([], [b""], [b"", b""], [b"a", b"b"], [b"ab", b"", b"abc"], [b"a" * 9000], [bytes([n]) * n for n in range(99)]):
            [frame] = [b"".join(wire.put(1, items, sum(map(len, items))))]
            with self.subTest(len(items)):
                self.assertEqual(wire.split(memoryview(frame)[8:]), items)
                self.assertEqual(wire.split(b"\0\0\0\2" + frame[8:], 4), items)

    def test_items_that_do_not_fill_their_frame_are_refused(self):
        for body in ("00000001 00000002 61", "00000001 00000001 61 62", "ffffffff 00000000", "00000002 00000001 61", "00000001 00000000 00000000"):
            with self.subTest(body), self.assertRaises((ValueError, wire.struct_error)):
                wire.split(bytes.fromhex(body))
