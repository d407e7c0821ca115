"""Puts that open a batch without the session's lock, while another thread has it: at every step of what that one does."""

import struct
import sys
import time
import unittest
from contextlib import nullcontext

from puppet import QUEUE, SDK, wire

from forkline.producer import Producer
from forkline.putting import PutCall
from forkline.session import Session
from forkline.steps import STEPS_ARE_WHOLE


class Books:
    """A broker in the place of a connection, that holds what is said to it against what it gave."""

    unsent = 0

    def __init__(self):
        self.room = 0
        self.put = []
        self.closed = set()

    def fileno(self):
        return 0

    def say(self, *pieces):
        frame = b"".join(pieces)
        kind, channel, body = frame[4], frame[7], frame[8:]
        self.unsent += len(frame)
        if kind == wire.PUT:
            items = wire.split(body)
            self.put += items
            self.room -= len(items)
        elif kind == wire.GIVE_ROOM:
            self.room -= struct.unpack(">II", body)[0]
        if kind == wire.CLOSE:
            self.closed.add(channel)
        if self.room < 0 or channel in self.closed and kind == wire.PUT:
            raise AssertionError(f"{-self.room} more than there was room for; closed: {self.closed}")

    def finish(self, frame):
        self.closed |= {1, 2}

    def send(self):
        self.unsent = 0

    def receive(self):
        return []

    def close(self):
        pass


def opened(books, room):
    """A producer that has put one item of so many that there was room for."""
    session = Session(books, {"channels": [QUEUE]})
    session.attendant.armed = True
    return session, opened_too(session, 1, room)


def opened_too(session, channel, room):
    producer = session.producers[channel] = Producer(session, {**QUEUE, "id": channel, "encoding": "bytes"})
    session.connection.room += room
    producer.hear(wire.ROOM, 0, memoryview(struct.pack(">II", room, 1 << 20)))
    session.listened_at = time.monotonic()
    if not producer.put_at_once(b"first"):
        raise AssertionError("there was room")
    session.flush()
    return producer


@unittest.skipUnless(STEPS_ARE_WHOLE, "every put takes the lock here")
class Between(unittest.TestCase):
    def play(self, operation, room=3, locked=True, beside=False):
        """Puts at the first step of `operation`, then at its second step, and so on: to the same queue, or one `beside` it. Returns at
        how many of them that was put."""
        put_at, step = 0, 0
        while self.played_through(operation, room, locked, beside, step) is not None:
            put_at += self.put
            step += 1
        self.assertGreater(step, 5)
        return put_at

    def played_through(self, operation, room, locked, beside, step):
        books = Books()
        session, producer = opened(books, room)
        putter = opened_too(session, 2, room) if beside else producer
        self.put, left = None, [step]

        def trace(frame, event, _):
            if not frame.f_code.co_filename.startswith(SDK):
                return None
            if event == "line":
                left[0] -= 1
                if left[0] == -1:
                    session.listened_at = time.monotonic()
                    self.put = putter.begin(b"between")
            return trace

        sys.settrace(trace)
        try:
            with session.exclusive if locked else nullcontext():
                operation(session, producer)
        finally:
            sys.settrace(None)
        session.seal()
        expected = [b"between"] if self.put else []
        self.assertEqual([item for item in books.put if item == b"between"], expected, f"at step {step}")
        session.close()
        return self.put

    def test_there_is_room_for_all_that_is_put(self):
        for room in (1, 2, 3):
            with self.subTest(room):
                put_at = self.play(lambda _, producer: producer.hear(wire.RECALL, 1, memoryview(b"")), room)
                self.assertEqual(put_at > 0, room > 1)
                self.play(lambda _, producer: producer.put_at_once(b"other"), room)
                self.play(lambda _, producer: producer.put_at_once(bytes(1 << 17)), room)
                self.play(lambda session, producer: PutCall(producer, bytes(1 << 21), False).attempt(), room)
                self.play(lambda session, producer: (session.say(wire.bare(wire.UNGET, 1)), session.flush()), room)

    def test_nothing_is_put_behind_the_end(self):
        self.assertGreater(self.play(lambda _, producer: producer.close()), 0)

    def test_nothing_is_put_behind_what_was_in_line_when_it_was_closed(self):
        def close_behind(session, producer):
            call = PutCall(producer, bytes(1 << 20), False)
            call.attempt()
            producer.close()
            session.connection.room += 1
            producer.hear(wire.ROOM, 0, memoryview(struct.pack(">II", 1, 1 << 20)))
            self.assertTrue(call.attempt())
            self.assertFalse(producer.begin(b"too late"))
            session.flush()
            self.assertTrue(session.connection.closed)

        self.assertGreater(self.play(close_behind), 0)

    def test_nothing_is_lost_where_there_is_no_consumer_left(self):
        self.assertGreater(self.play(lambda _, producer: producer.hear(wire.BROKEN, 0, memoryview(b""))), 0)

    def test_nothing_is_put_behind_the_goodbye(self):
        self.assertGreater(self.play(lambda session, _: session.part(0), locked=False), 0)

    def test_nothing_is_put_where_the_broker_is_gone(self):
        session, producer = opened(Books(), 3)
        session._lose("the connection broke")
        self.assertFalse(producer.begin(b"in vain"))
        session.close()

    def test_there_is_one_open_batch_at_a_time(self):
        def open_another(session, producer):
            other = Producer(session, {**QUEUE, "id": 2, "encoding": "bytes"})
            session.seal()
            session.batch = other
            self.assertFalse(producer.begin(b"too soon"))
            session.batch = None

        self.play(open_another)

    def test_nothing_is_lost_that_is_put_to_another_queue(self):
        operations = (
            lambda _, producer: producer.put_at_once(b"other"),
            lambda _, producer: producer.put_at_once(bytes(1 << 17)),
            lambda _, producer: PutCall(producer, b"other", False).attempt(),
            lambda _, producer: PutCall(producer, b"other", False, (0, 1.0)).attempt(),
            lambda _, producer: producer.hear(wire.RECALL, 1, memoryview(b"")),
            lambda _, producer: producer.close(),
            lambda session, _: session.flush(),
        )
        for operation in operations:
            self.assertGreater(self.play(operation, beside=True), 0)

    def test_each_is_let_in_by_a_flush_of_its_own(self):
        def seal(session, producer):
            session.seal()
            producer.begin(b"one")
            session.seal()
            self.assertFalse(producer.begin(b"two"))

        self.play(seal)

    def test_it_waits_for_those_who_wait(self):
        def stand_in_line(session, producer):
            call = PutCall(producer, bytes(1 << 21), False)
            call.attempt()
            session.flush()
            self.assertFalse(producer.begin(b"behind"))

        self.play(stand_in_line)

    def test_a_round_of_the_attendant_leaves_nothing_behind(self):
        def attend(session, producer):
            session._sends_seen = session._sends
            again = session.tick()
            self.assertTrue(again or not producer.batch)

        self.assertGreater(self.play(attend, locked=False), 0)

    def test_what_nobody_would_send_opens_no_batch(self):
        def disarm(session, producer):
            session.attendant.armed = False
            self.assertFalse(producer.begin(b"left alone"))
            session.attendant.armed = True

        self.play(disarm)
