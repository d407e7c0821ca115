"""Stacks, deques, queues by priority, and queues that drop or refuse what finds them full."""

import unittest

import broker
from puppet import QUEUE, Puppet, wire
from test_broker import Run


def dishes(**settings):
    return {**QUEUE, **settings}


DRAIN = """
import queue as standard

def drain(**how):
    items = []
    while True:
        try:
            items.append(q.get_nowait(**how))
        except standard.Empty:
            return items

def failure(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""


class WithTheBroker(unittest.TestCase):
    def alone(self, code, **settings):
        """What a program prints that puts and gets by itself."""
        with Run(broker.queue("dishes", ["p.1"], ["p.1"], leftover="ignore", **settings)) as run:
            run.start("p.1", DRAIN + code)
            code, said = run.end("p.1")
            self.assertEqual(code, 0, said)
            self.counts = run.broker.ask(type="count")["queues"]["dishes"]
            return said.splitlines()

    def test_a_stack_is_taken_from_the_top(self):
        code = """
q.put_many([1, 2, 3])
say(q.get(), q.get())
q.put(4)
q.put(5)
say(drain())
"""
        self.assertEqual(self.alone(code, order="lifo"), ["3 2", "[5, 4, 1]"])

    def test_the_lowest_priority_comes_first_and_equal_ones_as_they_came(self):
        code = """
from fractions import Fraction
for item, priority in (("low", 9), ("b", 1.5), ("c", Fraction(3, 2)), ("urgent", -3), ("last", float("inf"))):
    q.put(item, priority=priority)
q.put("plain")
q.put_nowait("d", priority=1.5)
say(q.put_many(["x", "y"], priority=-2))
say(*drain())
"""
        self.assertEqual(self.alone(code, order="priority"), ["2", "urgent x y plain b c d low last"])

    def test_a_deque_has_two_ends(self):
        code = """
q.put_many([3, 4])
q.put(2, side="left")
q.put(1, side="left")
q.put(5, side="right")
say(q.get(side="right"), q.get(), q.take(side="right").value)
say(drain(side="right"))
"""
        self.assertEqual(self.alone(code, order="deque"), ["5 1 4", "[3, 2]"])

    def test_a_loop_meets_what_was_put_meanwhile_at_once(self):
        code = """
q.put_many(range(100), priority=5)
seen = []
for item in q:
    seen.append(item)
    if item == 10:
        q.put("urgent", priority=1)
    if len(seen) == 13:
        break
say(seen[-3:])
"""
        self.assertEqual(self.alone(code, order="priority"), ["[10, 'urgent', 11]"])

    def test_batches_are_of_one_item_where_the_order_is_judged_at_the_get(self):
        code = """
q.put_many([1, 2])
batches = q.batches()
say(next(batches), next(batches))
"""
        self.assertEqual(self.alone(code, order="lifo"), ["[2] [1]"])

    def test_the_loop_ends_with_the_stream(self):
        for order in ("lifo", "priority", "deque"):
            with self.subTest(order=order), Run(broker.queue("dishes", ["p.1"], ["c.1"], order=order)) as run:
                run.start("c.1", "say(sorted(q))")
                run.start("p.1", "q.put_many(range(200))")
                self.assertEqual(run.end("p.1"), (0, ""))
                self.assertEqual(run.end("c.1"), (0, f"{list(range(200))}\n"))

    def test_what_is_given_back_takes_its_old_place(self):
        code = """
for item in "ab":
    q.put(item, priority=1)
taken = q.take()
q.put("urgent", priority=0)
taken.give_back()
say(drain())
"""
        self.assertEqual(self.alone(code, order="priority"), ["['urgent', 'a', 'b']"])

    def test_threads_that_wait_get_one_each(self):
        code = """
got = []
threads = [threading.Thread(target=lambda side=side: got.append(q.get(side=side))) for side in ("left", "right") * 4]
for thread in threads:
    thread.start()
for n in range(8):
    q.put(n)
for thread in threads:
    thread.join()
say(sorted(got), drain())
"""
        self.assertEqual(self.alone(code, order="deque"), ["[0, 1, 2, 3, 4, 5, 6, 7] []"])

    def test_a_full_queue_drops_its_oldest_or_what_is_put_and_join_does_not_wait_for_that(self):
        code = """
q.put_many([1, 2, 3, 4, 5])
q.flush()
say(q.qsize(), q.full())
for item in drain():
    say(item)
    q.task_done()
q.join()
"""
        self.assertEqual(self.alone(code, maxsize=3, overflow="drop_oldest"), ["3 True", "3", "4", "5"])
        self.assertEqual((self.counts["put"], self.counts["dropped"]), (5, 2))
        self.assertEqual(self.alone(code, maxsize=3, overflow="drop_newest"), ["3 True", "1", "2", "3"])

    def test_where_puts_fail_they_do_so_at_once_whatever_time_they_have(self):
        code = """
q.put(1)
q.put(2)
say(failure(q.put, 3, timeout=1000))
say(q.get(), failure(q.put, 4), drain())
"""
        self.assertEqual(self.alone(code, maxsize=2, overflow="fail"), ["Full: ", "1 None [2, 4]"])

    def test_threads_that_put_at_once_are_judged_one_by_one(self):
        code = """
failures = []
def put():
    for n in range(25):
        failures.append(failure(q.put, n))
threads = [threading.Thread(target=put) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
say(failures.count(None), failures.count("Full: "))
"""
        self.assertEqual(self.alone(code, maxsize=90, overflow="fail"), ["90 10"])

    def test_what_the_order_does_not_know_is_a_mistake_of_the_caller(self):
        code = """
say(failure(q.put, 1, priority=1))
say(failure(q.put, 1, side="left"))
say(failure(q.get, side="right"))
say(failure(q.take, side="left"))
"""
        of = "and `dishes` has `order: lifo`"
        self.assertEqual(
            self.alone(code, order="lifo"),
            [f"TypeError: `priority` is for a queue with `order: priority`, {of}"]
            + [f"TypeError: `side` is for a queue with `order: deque`, {of}"] * 3,
        )

    def test_a_priority_is_a_number_that_has_an_order(self):
        code = """
for priority in ("1", True, float("nan"), 10**400, 2**53 + 1):
    say(failure(q.put, 1, priority=priority)[:60])
say(failure(q.put, 1, priority=2**60))
"""
        self.assertEqual(
            self.alone(code, order="priority"),
            [
                "TypeError: a priority is a number, not `str`",
                "TypeError: a priority is a number, not `bool`",
                "ValueError: a priority is a number, and NaN is before or aft",
                "ValueError: the priority 1" + "0" * 34,
                "ValueError: the priority 9007199254740993 is an integer that",
                "None",
            ],
        )

    def test_an_end_is_the_left_or_the_right_one(self):
        code = """
say(failure(q.put, 1, side="top"))
say(failure(q.get, side=1))
"""
        self.assertEqual(
            self.alone(code, order="deque"),
            ["ValueError: a side is 'left' or 'right', not 'top'", "ValueError: a side is 'left' or 'right', not 1"],
        )


class ByHand(unittest.TestCase):
    def test_one_item_is_asked_for_when_a_thread_waits_and_none_ahead(self):
        with Puppet("say(q.get()); say(q.get()); sys.stdin.readline()", dishes(order="lifo")) as program:
            line = program.accept()
            for item in (b"1", b"2"):
                self.assertEqual(line.until(wire.GET, 1).number, 1)
                line.deliver(item)
                self.assertEqual(program.hear(), item.decode())
            program.tell("")
            self.assertEqual(line.until(wire.TAKEN).number, 1)
            line.until(wire.GOODBYE)

    def test_what_comes_after_its_time_goes_to_the_call_that_gave_up_or_back(self):
        code = """
import queue as standard
say(q.get(timeout=0))
try:
    q.get(timeout=0)
except standard.Empty:
    say("empty")
"""
        with Puppet(code, dishes(order="deque")) as program:
            line = program.accept()
            line.expect(wire.GET, 1)
            line.expect(wire.UNGET)
            line.deliver(b"7")
            line.say(wire.WITHDRAWN, 1)
            self.assertEqual(program.hear(), "7")
            line.until(wire.UNGET)
            line.say(wire.WITHDRAWN, 1)
            self.assertEqual(program.hear(), "empty")

    def test_an_item_from_the_other_end_goes_back(self):
        code = """
say(q.get(side="right"))
"""
        with Puppet(code, dishes(order="deque")) as program:
            line = program.accept()
            line.expect(wire.GET, 3)
            line.deliver(b"1")
            self.assertEqual(line.expect(wire.GIVE_BACK).body[-4:], b"\0\0\0\1")
            line.until(wire.GET, 3)
            line.say(wire.DELIVER, 1, b"\0\0\0\1\0\0\0\0012", 2)
            self.assertEqual(program.hear(), "2")

    def test_a_put_to_where_puts_fail_asks_and_gives_back_the_room_it_does_not_use(self):
        with Puppet("q.put(1); q.put(2)", dishes(overflow="fail")) as program:
            line = program.accept()
            line.expect(wire.WANT, 1)
            line.room(2)
            self.assertEqual(line.expect_items(), [b"1"])
            self.assertEqual(line.expect_items(), [b"2"])
            line.part()
            self.assertEqual(program.end(), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
