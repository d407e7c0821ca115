"""Programs with many threads that wait at once, with the broker played by hand."""

import struct
import unittest

from puppet import QUEUE, Puppet, wire

#: Starts a thread for each call, and tells whether they looked again and again before all were served.
CROWD = """
from forkline.turn import Turn
usual, rests = Turn.block, []
def block(turn, seconds):
    rests.append(turn)
    usual(turn, seconds)
def crowd(calls):
    before = threading.active_count()
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads: thread.start()
    sys.stdin.readline()
    Turn.block = block
    say("go on")
    for thread in threads: thread.join()
    Turn.block = usual
    say("served" if len(rests) < 10 * len(threads) else f"served, after {len(rests)} looks")
    rests.clear()
"""


class Crowds(unittest.TestCase):
    def test_an_answer_wakes_whom_it_is_for(self):
        with Puppet(CROWD + "crowd([lambda: (q.flush(), say('one'))] * 40)") as program:
            line = program.accept()
            flushes = [line.expect(wire.FLUSH) for _ in range(40)]
            program.tell("all wait")
            self.assertEqual(program.hear(), "go on")
            for said in reversed(flushes):
                line.reply(said)
                self.assertEqual(program.hear(), "one")
            self.assertEqual(program.hear(), "served")

    def test_a_grant_wakes_whom_it_is_for(self):
        with Puppet(CROWD + "crowd([lambda: (mutex.acquire(), say('one'))] * 40)") as program:
            line = program.accept()
            acquires = [line.expect(wire.ACQUIRE) for _ in range(40)]
            program.tell("all wait")
            self.assertEqual(program.hear(), "go on")
            for fence, said in enumerate(acquires):
                line.say(wire.GRANTED, 2, said.body + struct.pack(">Q", fence + 1))
                self.assertEqual(program.hear(), "one")
            self.assertEqual(program.hear(), "served")

    def test_an_item_wakes_one_of_those_who_wait_for_one(self):
        for settings in ({}, {"order": "lifo"}):
            code = CROWD + "crowd([q.get] * 40)\nsys.stdin.readline()"
            with self.subTest(settings), Puppet(code, {**QUEUE, **settings}) as program:
                line = program.accept()
                line.expect(wire.GET, flags=1)
                program.tell("all wait")
                self.assertEqual(program.hear(), "go on")
                for _ in range(39):
                    line.deliver(b"1")
                    line.until(wire.GET, flags=1)
                line.deliver(b"1")
                self.assertEqual(program.hear(), "served")

    def test_room_wakes_who_is_next_in_line(self):
        with Puppet(CROWD + "crowd([lambda: q.put(1)] * 40)\nsys.stdin.readline()") as program:
            line = program.accept()
            line.expect(wire.WANT)
            program.tell("all wait")
            self.assertEqual(program.hear(), "go on")
            for _ in range(39):
                line.room(1)
                line.until(wire.WANT)
            line.room(1)
            self.assertEqual(program.hear(), "served")

    def test_all_of_them_hear_that_the_stream_has_ended_or_the_broker_is_gone(self):
        code = """
            def call(wait):
                try: wait()
                except (ShutDown, BrokerLost) as error: say(type(error).__name__)
            gets = [threading.Thread(target=call, args=(q.get,)) for _ in range(50)]
            for get in gets: get.start()
            for get in gets: get.join()
            waits = [q.join, mutex.acquire, lambda: q.put(1), q.flush]
            for n in range(40): threading.Thread(target=call, args=(waits[n % 4],)).start()
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.say(wire.END, 1)
            self.assertEqual({program.hear() for _ in range(50)}, {"ShutDown"})
            for _ in range(31):
                line.next()
            line.close()
            self.assertEqual({program.hear() for _ in range(40)}, {"BrokerLost"})

    def test_of_what_the_broker_counts_so_many_are_under_way_and_the_others_wait(self):
        code = """
            def join():
                q.join()
                say("joined")
            for n in range(512): threading.Thread(target=join).start()
            sys.stdin.readline()
            q.flush()
        """
        with Puppet(code) as program:
            line = program.accept()
            joins = [line.expect(wire.JOIN) for _ in range(256)]
            program.tell("go on")
            line.reply(line.expect(wire.FLUSH))
            for _ in range(256):
                line.reply(joins.pop(0))
                joins.append(line.expect(wire.JOIN))
            for said in joins:
                line.reply(said)
            self.assertEqual([program.hear() for _ in range(512)], ["joined"] * 512)
            line.part()

    def test_who_is_interrupted_in_line_is_not_asked_for_and_holds_up_nobody(self):
        code = """
            threads = [threading.Thread(target=q.join) for n in range(256)]
            for thread in threads: thread.start()
            sys.stdin.readline()
            try: say("joins"); q.join()
            except KeyboardInterrupt: say("interrupted")
            last = threading.Thread(target=q.join)
            last.start()
            q.flush()
            for thread in [*threads, last]: thread.join()
            say("all joined")
        """
        with Puppet(code) as program:
            line = program.accept()
            joins = [line.expect(wire.JOIN) for _ in range(256)]
            program.tell("go on")
            self.assertEqual(program.hear(), "joins")
            program.process.send_signal(2)
            self.assertEqual(program.hear(), "interrupted")
            line.reply(line.expect(wire.FLUSH))
            line.reply(joins.pop())
            line.reply(line.expect(wire.JOIN))
            for said in joins:
                line.reply(said)
            self.assertEqual(program.hear(), "all joined")
