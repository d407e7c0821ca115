"""Queues, with the broker played by hand."""

import json
import os
import queue as standard
import random
import struct
import time
import unittest
from types import SimpleNamespace

from puppet import LOCK, QUEUE, Puppet, items_body, wire

from forkline.areas import Aside
from forkline.connection import Frame
from forkline.consumer import Consumer
from forkline.pipes import Pipe
from forkline.producer import Producer
from forkline.queues import Queue
from forkline.session import Session


class Putting(unittest.TestCase):
    def test_a_put_waits_for_room_and_is_sent_at_once(self):
        with Puppet("q.put({'dish': '包子'}); say('put'); sys.stdin.read()") as program:
            line = program.accept()
            want = line.expect(wire.WANT)
            self.assertEqual(struct.unpack(">II", want.body), (1, len('{"dish":"包子"}'.encode())))
            line.room(1)
            self.assertEqual(line.expect_items(), ['{"dish":"包子"}'.encode()])
            self.assertEqual(program.hear(), "put")

    def test_what_is_put_in_a_row_arrives_in_order_and_in_few_frames(self):
        with Puppet("for n in range(20_000): q.put(n)\nq.flush()\nsay('flushed')") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(20_000)
            items, frames = [], 0
            while len(items) < 20_000:
                items += line.expect_items()
                frames += 1
            self.assertEqual(items, [b"%d" % n for n in range(20_000)])
            self.assertLess(frames, 500)
            line.reply(line.expect(wire.FLUSH))
            self.assertEqual(program.hear(), "flushed")
            line.part()

    def test_what_is_judged_is_put_once_the_broker_has_said_so_and_each_thread_waits_for_its_own(self):
        code = '''
            def put(item):
                try: q.put(item)
                except ItemRefused as error: say("refused", item, error, error.path, error.reason, isinstance(error, ValueError))
                else: say("put", item)
            threads = [threading.Thread(target=put, args=(n,)) for n in range(3)]
            sys.stdin.readline()
            for thread in threads: thread.start(); sys.stdin.readline()
            for thread in threads: thread.join()
            q.put(3, timeout=0.01)
            say("late")
            q.put_many([4, 5])
            say("all")
        '''
        with Puppet(code, {**QUEUE, "judged": True, "confirm": True}) as program:
            program.tell("go")
            line = program.accept()
            line.expect(wire.WANT)
            line.room(10)
            requests = []
            for n in range(3):
                said = line.expect(wire.OFFER)
                self.assertEqual(said.body[4:], struct.pack(">dII", 0, 1, 1) + b"%d" % n)
                requests.append(said.body[:4])
                program.tell("next")
            told = {"code": "unfit", "message": "it does not fit", "path": "/a", "reason": "must be"}
            line.say(wire.ERROR, 1, json.dumps({**told, "request": int.from_bytes(requests[1], "big")}).encode())
            self.assertEqual(program.hear(), "refused 1 it does not fit /a must be True")
            for n in (2, 0):
                line.say(wire.REPLY, 1, requests[n])
                self.assertEqual(program.hear(), f"put {n}")
            said = line.expect(wire.OFFER)
            line.say(wire.REPLY, 1, said.body[:4])
            self.assertEqual(program.hear(), "late")
            for n in (4, 5):
                said = line.expect(wire.OFFER)
                self.assertEqual(said.body[-1:], b"%d" % n)
                line.say(wire.REPLY, 1, said.body[:4])
            self.assertEqual(program.hear(), "all")
            line.part()

    def test_no_more_is_put_than_there_was_room_for(self):
        with Puppet("for n in range(10): q.put(n)") as program:
            line = program.accept()
            seen = []
            while len(seen) < 10:
                line.expect(wire.WANT)
                line.room(3, 3)
                granted = len(seen) + 3
                while len(seen) < min(granted, 10):
                    seen += line.expect_items()
                self.assertLessEqual(len(seen), granted)
            line.part()

    def test_an_item_larger_than_the_room_in_bytes_waits_for_more(self):
        with Puppet("q.put('x' * 1000)") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1, 500)
            self.assertEqual(struct.unpack(">II", line.expect(wire.WANT).body), (1, 1002))
            line.room(0, 502)
            self.assertEqual(len(line.expect_items()[0]), 1002)
            line.part()

    def test_what_is_put_to_several_queues_leaves_in_the_order_of_the_calls(self):
        other = {**QUEUE, "id": 7, "name": "bowls"}
        code = "b = queue('bowls')\nfor n in range(3): q.put(n); b.put(n)"
        with Puppet(code, QUEUE, other) as program:
            line = program.accept()
            for channel in (1, 7):
                self.assertEqual(line.expect(wire.WANT).channel, channel)
                line.say(wire.ROOM, channel, struct.pack(">II", 9, 99))
                self.assertEqual(line.expect(wire.PUT).channel, channel)
            self.assertEqual([line.expect(wire.PUT).channel for _ in range(4)], [1, 7, 1, 7])
            line.part()

    def test_put_nowait_is_full_when_the_broker_says_so(self):
        code = """
            try: q.put_nowait(1)
            except Full: say("full")
            q.put_nowait(2)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.WANT, flags=1)
            line.say(wire.REFUSED, 1)
            self.assertEqual(program.hear(), "full")
            line.expect(wire.WANT, flags=1)
            line.room(1)
            self.assertEqual(line.expect_items(), [b"2"])
            line.part()

    def test_a_put_with_no_time_to_wait_is_made_where_there_is_room_now(self):
        code = """
            try: q.put(1, timeout=0)
            except Full: say("full")
            q.put(2, timeout=0)
            say("put")
            sys.stdin.read()
        """
        for settings, put in (({}, wire.PUT), ({"judged": True}, wire.OFFER)):
            with self.subTest(settings), Puppet(code, {**QUEUE, **settings}) as program:
                line = program.accept()
                line.expect(wire.WANT, flags=1)
                line.say(wire.REFUSED, 1)
                self.assertEqual(program.hear(), "full")
                line.expect(wire.WANT, flags=1)
                line.room(1)
                line.say(wire.REPLY, 1, line.expect(put).body[:4])
                self.assertEqual(program.hear(), "put")

    def test_what_is_no_time_is_refused_whatever_there_is(self):
        code = """
            from forkline.patience import seconds_of
            for timeout in (float("nan"), "1s", -1):
                for call in (lambda: q.put(1, timeout=timeout), lambda: q.get(timeout=timeout)):
                    try: call()
                    except (TypeError, ValueError) as error: say(type(error).__name__, error)
            say(*map(seconds_of, (None, float("inf"), 10 ** 400, -(10 ** 400), 0.5, 3, True)))
        """
        told = [
            "ValueError `timeout` is a number of seconds, and NaN is none",
            "TypeError `timeout` is a number of seconds, not `str`",
            "ValueError `timeout` must not be negative: -1",
        ]
        with Puppet(code) as program:
            line = program.accept()
            self.assertEqual([program.hear() for _ in range(6)], [each for each in told for _ in range(2)])
            self.assertEqual(program.hear(), "None None None -inf 0.5 3.0 1.0")
            line.part()

    def test_what_is_no_time_is_refused_where_a_put_need_not_wait_too(self):
        code = """
            refused = 0
            for n in range(50):
                q.put(n)
                for timeout in (float("nan"), "1s", -1):
                    for call in (lambda: q.put(None, timeout=timeout), lambda: q.put_many([None], timeout=timeout)):
                        try: call()
                        except (TypeError, ValueError): refused += 1
            say(refused)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1000)
            put = []
            while len(put) < 50:
                put += line.expect_items()
            self.assertEqual(put, [b"%d" % n for n in range(50)])
            self.assertEqual(program.hear(), "300")
            line.part()

    def test_a_put_that_times_out_is_full_not_early_and_withdrawn(self):
        code = """
            begun = time.monotonic()
            try: q.put(1, timeout=0.05)
            except Full: say(time.monotonic() - begun)
            q.put(2)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.expect(wire.UNWANT)
            line.say(wire.WITHDRAWN, 1, flags=1)
            self.assertGreaterEqual(float(program.hear()), 0.05)
            line.expect(wire.WANT)
            line.room(1)
            self.assertEqual(line.expect_items(), [b"2"])
            line.part()

    def test_room_that_comes_while_a_put_withdraws_goes_back_whatever_the_program_does_then(self):
        code = """
            try: q.put(1, timeout=0.01)
            except Full: say("full")
            sys.stdin.readline()
            q.put(2)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.expect(wire.UNWANT)
            line.room(1, 7)
            line.say(wire.WITHDRAWN, 1, flags=1)
            self.assertEqual(program.hear(), "full")
            self.assertEqual(struct.unpack(">II", line.expect(wire.GIVE_ROOM).body), (1, 7))
            program.tell("go on")
            line.expect(wire.WANT)
            line.room(1)
            self.assertEqual(line.expect_items(), [b"2"])
            line.part()

    def test_an_interrupted_put_is_withdrawn_and_nothing_of_it_is_put(self):
        code = """
            try: q.put(1)
            except KeyboardInterrupt: say("interrupted")
            q.put(2)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.WANT)
            program.process.send_signal(2)
            line.expect(wire.UNWANT)
            line.say(wire.WITHDRAWN, 1, flags=1)
            self.assertEqual(program.hear(), "interrupted")
            line.expect(wire.WANT)
            line.room(2)
            self.assertEqual(line.expect_items(), [b"2"])
            line.part()

    def test_threads_that_wait_for_room_get_it_in_turn(self):
        code = """
            def put(n):
                q.put(n)
                say("put")
            threads = [threading.Thread(target=put, args=(n,)) for n in range(5)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        """
        with Puppet(code) as program:
            line = program.accept()
            items = []
            for _ in range(5):
                line.expect(wire.WANT)
                line.room(1)
                items += line.expect_items()
                self.assertEqual(program.hear(), "put")
            self.assertEqual(sorted(items), [b"0", b"1", b"2", b"3", b"4"])
            line.part()

    def test_a_put_with_confirm_returns_when_the_broker_has_it(self):
        with Puppet("q.put(1, confirm=True); say('there')") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1)
            line.expect_items()
            flush = line.expect(wire.FLUSH)
            line.reply(flush)
            self.assertEqual(program.hear(), "there")
            line.part()

    def test_put_many_keeps_the_order_and_the_room(self):
        with Puppet("say(q.put_many(range(3000)))") as program:
            line = program.accept()
            items = []
            for room in (1000, 2000, 3000):
                line.expect(wire.WANT)
                line.room(1000)
                while len(items) < room:
                    items += line.expect_items()
                self.assertEqual(len(items), room)
            self.assertEqual(items, [b"%d" % n for n in range(3000)])
            self.assertEqual(program.hear(), "3000")
            line.part()

    def test_put_many_puts_each_item_before_it_asks_a_generator_for_the_next(self):
        code = """
            def items():
                for n in range(3):
                    yield n
                    sys.stdin.readline()
                raise KeyError("no more")
            try: q.put_many(items())
            except KeyError as error: say(error)
            sys.stdin.read()
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(3)
            for n in range(3):
                self.assertEqual(line.expect_items(), [b"%d" % n])
                program.tell("next")
            self.assertEqual(program.hear(), "'no more'")

    def test_a_queue_without_consumers_is_a_broken_pipe(self):
        code = """
            try: q.put(1)
            except BrokenPipeError as error: say(type(error).__name__, error)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.say(wire.BROKEN, 1)
            self.assertEqual(program.hear(), "BrokenQueue queue `dishes` has no consumer left")
            line.part()

    def test_what_waits_when_another_thread_closes_the_queue_is_still_put_and_nothing_behind_it(self):
        code = """
            def put(n):
                q.put(n)
                say("put", n)
            def give_up():
                try: q.put("late", timeout=0.01)
                except Full: say("full")
            threads = [threading.Thread(target=put, args=(n,)) for n in range(2)] + [threading.Thread(target=give_up)]
            for place, thread in enumerate(threads, 1):
                thread.start()
                while thread.is_alive() and not (q._producer and len(q._producer.line) == place): time.sleep(0)
            q.close()
            for call in (lambda: q.put(2), lambda: q.put_nowait(2), lambda: q.put_many([2])):
                try: call()
                except ShutDown as error: say(error)
            mutex.acquire()
        """
        closed = ["queue `dishes` is closed: this process puts no more to it"] * 3
        for settings in ({}, {"judged": True}):
            with self.subTest(settings), Puppet(code, {**QUEUE, **settings}, LOCK) as program:
                line = program.accept()
                line.expect(wire.WANT)
                self.assertEqual(sorted(program.hear() for _ in range(4)), ["full", *closed])
                line.expect(wire.ACQUIRE)
                put = []
                for _ in range(2):
                    line.room(1)
                    said = line.expect(wire.OFFER if settings else wire.PUT)
                    put += [said.body[20:]] if settings else wire.split(said.body)
                    if settings:
                        line.say(wire.REPLY, 1, said.body[:4])
                    if len(put) == 1:
                        line.expect(wire.WANT)
                line.expect(wire.CLOSE)
                self.assertEqual(put, [b"0", b"1"])
                self.assertEqual(sorted(program.hear() for _ in range(2)), ["put 0", "put 1"])

    def test_after_close_a_put_is_refused_here(self):
        code = """
            q.close()
            try: q.put(1)
            except ShutDown as error: say(error)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.CLOSE)
            self.assertIn("this process puts no more", program.hear())
            line.part()

    def test_room_that_is_asked_back_is_given_back(self):
        with Puppet("q.put(1); q.qsize(); q.qsize()") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(5, 100)
            line.expect_items()
            stat = line.expect(wire.STAT)
            line.say(wire.RECALL, 1, flags=1)
            line.reply(stat, {"size": 0, "room": 5, "unfinished": 0, "closed": False})
            self.assertEqual(struct.unpack(">II", line.expect(wire.GIVE_ROOM).body), (4, 99))

    def test_room_that_the_broker_asks_for_or_gives_once_the_process_puts_no_more_is_its_own_again(self):
        with Puppet("q.put('a'); q.close(); q.qsize(); say('asked'); q.qsize(); sys.stdin.read()") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(5, 100)
            line.until(wire.CLOSE)
            for _ in range(2):
                stat = line.expect(wire.STAT)
                line.say(wire.RECALL, 1, flags=1)
                line.room(2, 50)
                line.say(wire.RECALL, 1, flags=1)
                line.reply(stat, {"size": 0, "room": 5, "unfinished": 0, "closed": False})
            self.assertEqual(program.hear(), "asked")


class Getting(unittest.TestCase):
    def test_a_get_that_must_not_wait_asks_and_withdraws_in_one_write_whoever_else_sends(self):
        code = """
            from forkline import process
            q.qsize()
            session, sent = process.session(q), []
            exclusive, send = session.exclusive, session.connection.send
            class Prompt:
                def __enter__(self): exclusive.__enter__()
                def __exit__(self, *raised): session.flush(); exclusive.__exit__(*raised)
            def count():
                sent.append(session.connection.unsent)
                send()
            session.exclusive, session.connection.send = Prompt(), count
            try: q.get_nowait()
            except Empty: say(sent)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.reply(line.expect(wire.STAT), {"size": 0, "room": 5, "unfinished": 0, "closed": False})
            line.expect(wire.GET, flags=1)
            line.expect(wire.UNGET)
            line.say(wire.WITHDRAWN, 1)
            self.assertEqual(program.hear(), "[20]")

    def test_a_get_asks_for_one_item_and_says_that_it_took_it(self):
        with Puppet("say(q.get()); sys.stdin.read()") as program:
            line = program.accept()
            self.assertEqual(line.expect(wire.GET, flags=1).number, 1)
            line.deliver('"包子"'.encode())
            self.assertEqual(program.hear(), "包子")
            self.assertEqual(line.expect(wire.TAKEN).number, 1)

    def test_task_done_is_said_though_the_program_calls_nothing_more(self):
        with Puppet("q.get(); q.task_done(); sys.stdin.read()") as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.deliver(b"1")
            self.assertEqual(line.expect(wire.DONE).body, struct.pack(">HII", 0, 0, 1))

    def test_an_item_that_somebody_may_have_had_is_marked_also_where_no_attempt_was_charged(self):
        code = "item = q.take(); say([item.value, item.redelivered, item.attempt])"
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.redeliver(1, b"1")
            self.assertEqual(program.hear(), "[1, True, 1]")

    def test_a_dead_letter_tells_why_it_was_never_done_and_how_often_it_was_delivered(self):
        code = '''
            for _ in range(2):
                item = q.take()
                say(item.value, item.attempt, item.reason, item.attempts)
                item.done()
            sys.stdin.read()
        '''
        with Puppet(code) as program:
            line = program.accept()
            line.until(wire.GET, flags=1)
            line.say(wire.DEAD, 1, json.dumps({"queue": "work", "reason": "it hurt", "attempts": 3}).encode())
            line.redeliver(2, b"1")
            self.assertEqual(program.hear(), "1 2 it hurt 3")
            line.until(wire.GET, flags=1)
            line.deliver(b"2")
            self.assertEqual(program.hear(), "2 1 None None")

    def test_task_done_without_an_item_is_a_value_error(self):
        code = """
            q.get(); q.task_done()
            try: q.task_done()
            except ValueError as error: say(error)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.deliver(b"1")
            self.assertIn("more often than this thread has taken items", program.hear())

    def test_task_done_is_for_the_items_of_its_own_thread(self):
        code = """
            q.get()
            def other():
                try: q.task_done()
                except ValueError: say("not yours")
            thread = threading.Thread(target=other); thread.start(); thread.join()
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.deliver(b"1")
            self.assertEqual(program.hear(), "not yours")

    def test_a_loop_takes_all_marks_each_done_and_ends_with_the_stream(self):
        with Puppet("say(*q)") as program:
            line = program.accept()
            items = list(range(10_000))
            credit = done = sent = 0
            ended = False
            while not ended:
                said = line.next()
                if said.kind == wire.GET:
                    credit += said.number
                    count = min(credit, len(items) - sent)
                    if count:
                        line.deliver(*[b"%d" % item for item in items[sent : sent + count]])
                    sent, credit = sent + count, credit - count
                elif said.kind == wire.DONE:
                    high, low, count = struct.unpack(">HII", said.body)
                    self.assertEqual((high, low), (0, done))
                    done += count
                else:
                    self.assertEqual(said.kind, wire.TAKEN)
                ended = done == len(items) and said.kind == wire.GET and said.flags == 1
            line.say(wire.END, 1)
            self.assertEqual(program.hear(), " ".join(map(str, items)))

    def test_a_stream_that_broke_off_is_no_end(self):
        code = """
            try: print(list(q))
            except Aborted as error: say(error)
            try: q.get_nowait()
            except Aborted: say("still")
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.say(wire.END, 1, flags=1)
            self.assertIn("a process that puts to it has failed", program.hear())
            self.assertEqual(program.hear(), "still")

    def test_get_raises_shut_down_at_the_end(self):
        code = """
            try: q.get()
            except ShutDown: say("end")
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.say(wire.END, 1)
            self.assertEqual(program.hear(), "end")
            line.part()

    def test_get_nowait_believes_the_broker_and_not_the_clock(self):
        code = """
            try: q.get_nowait()
            except Empty: say("empty")
            say(q.get_nowait())
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.expect(wire.UNGET)
            line.say(wire.WITHDRAWN, 1)
            self.assertEqual(program.hear(), "empty")
            line.expect(wire.GET, flags=1)
            line.expect(wire.UNGET)
            line.deliver(b"7")
            line.say(wire.WITHDRAWN, 1)
            self.assertEqual(program.hear(), "7")

    def test_a_get_that_times_out_is_empty_not_early_and_withdrawn(self):
        code = """
            begun = time.monotonic()
            try: q.get(timeout=0.05)
            except Empty: say(time.monotonic() - begun)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.expect(wire.UNGET)
            line.say(wire.WITHDRAWN, 1)
            self.assertGreaterEqual(float(program.hear()), 0.05)
            line.part()

    def test_a_pause_of_the_run_counts_for_no_time_limit(self):
        code = """
            begun = time.monotonic()
            try: q.get(timeout=0.5)
            except Empty: say(time.monotonic() - begun)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.say(wire.PAUSED, 0, struct.pack(">I", 700))
            line.expect(wire.UNGET)
            line.say(wire.WITHDRAWN, 1)
            self.assertGreaterEqual(float(program.hear()), 1.2)
            line.part()

    def test_an_interrupted_get_is_withdrawn_and_what_came_late_goes_back(self):
        code = """
            try: q.get()
            except KeyboardInterrupt: say("interrupted")
            sys.stdin.read()
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            program.process.send_signal(2)
            line.expect(wire.UNGET)
            line.deliver(b"1")
            line.say(wire.WITHDRAWN, 1)
            self.assertEqual(line.expect(wire.GIVE_BACK).body, struct.pack(">HII", 0, 0, 1))
            self.assertEqual(program.hear(), "interrupted")

    def test_what_a_program_does_not_come_back_for_goes_back(self):
        with Puppet("while q.get() != 'busy': pass\nsys.stdin.read()") as program:
            line = program.accept()
            sent = 0
            # One at a time, until it has shown its pace and reads ahead.
            while (said := line.until(wire.GET, flags=1)).number <= 1:
                line.deliver(b"0")
                sent += 1
            line.deliver(b'"busy"', *[b"0"] * (said.number - 1))
            _, first, count = struct.unpack(">HII", line.until(wire.GIVE_BACK).body)
            # On a machine so busy that the program did not get to run, all of it.
            self.assertIn(first, (sent, sent + 1))
            self.assertEqual(first + count, sent + said.number)

    def test_what_is_given_back_comes_again_before_what_was_read_ahead(self):
        code = """
            one = q.take()
            one.give_back()
            say(q.take().value)
            sys.stdin.read()
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.deliver(b"1", b"2", b"3")
            self.assertEqual(line.until(wire.GIVE_BACK).body, struct.pack(">HII", 0, 0, 1))
            self.assertEqual(line.until(wire.GIVE_BACK).body, struct.pack(">HII", 0, 1, 2))
            line.until(wire.GET, flags=1)
            line.redeliver(1, b"1")
            self.assertEqual(program.hear(), "1")

    def test_an_item_that_was_in_hand_when_a_get_is_interrupted_goes_back(self):
        code = """
            from forkline.consumer import Consumer
            def interrupted(consumer): raise KeyboardInterrupt
            usual, Consumer.tell_taken = Consumer.tell_taken, interrupted
            try: q.get()
            except KeyboardInterrupt: Consumer.tell_taken = usual
            say(q.get())
            sys.stdin.read()
        """
        for order in ("fifo", "lifo"):
            with Puppet(code, {**QUEUE, "order": order}) as program:
                line = program.accept()
                line.expect(wire.GET, flags=1)
                line.deliver(b"1")
                self.assertEqual(line.until(wire.GIVE_BACK).body, struct.pack(">HII", 0, 0, 1))
                line.until(wire.GET, flags=1)
                line.redeliver(1, b"1")
                self.assertEqual(program.hear(), "1")

    def test_an_alarm_that_raises_waits_until_the_state_of_a_connection_is_whole(self):
        code = """
            from forkline import process
            def late(*_): raise TimeoutError
            signal.signal(signal.SIGALRM, late)
            q.qsize()
            try:
                with process.session(q).exclusive:
                    os.kill(os.getpid(), signal.SIGALRM)
                    say("whole")
            except TimeoutError: say("late", signal.getsignal(signal.SIGALRM) is late)
            sys.stdin.read()
        """
        with Puppet(code) as program:
            line = program.accept()
            line.reply(line.expect(wire.STAT), {"size": 0, "room": 5, "unfinished": 0, "closed": False})
            self.assertEqual(program.hear(), "whole")
            self.assertEqual(program.hear(), "late True")

    def test_take_gives_items_that_are_done_each_by_itself(self):
        code = """
            one, two = q.take(), q.take()
            say(one.value, one.redelivered, one.attempt, two.value, two.redelivered, two.attempt)
            two.done()
            one.give_back()
            try: one.done()
            except ValueError as error: say(error)
            sys.stdin.read()
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.deliver(b"1")
            line.expect(wire.TAKEN)
            said = line.expect(wire.GET, flags=1)
            line.say(wire.REDELIVER, 1, struct.pack(">I", 3) + items_body(b"2"))
            self.assertEqual(program.hear(), "1 False 1 2 True 3")
            self.assertEqual(line.until(wire.DONE).body, struct.pack(">HII", 0, 1, 1))
            self.assertEqual(line.until(wire.GIVE_BACK).body, struct.pack(">HII", 0, 0, 1))
            self.assertIn("done or given back before", program.hear())

    def test_batches_are_done_as_a_whole(self):
        code = """
            for batch in q.batches(): say(batch)
            say("end")
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.deliver(b"1")
            self.assertEqual(program.hear(), "[1]")
            said = line.until(wire.GET, flags=1)
            line.deliver(*[b"%d" % n for n in range(said.number)])
            self.assertEqual(program.hear(), str(list(range(said.number))))
            line.until(wire.GET, flags=1)
            line.say(wire.END, 1)
            self.assertEqual(program.hear(), "end")
            line.part()

    def test_batches_of_nothing_are_refused_where_they_are_asked_for(self):
        with Puppet("try: q.batches(0)\nexcept ValueError as error: say(error)") as program:
            self.assertEqual(program.hear(), "a list of at most 0 items holds none")

    def test_several_threads_share_what_comes(self):
        code = """
            got = []
            def take():
                for item in q: got.append(item)
            threads = [threading.Thread(target=take) for _ in range(4)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            say(sorted(got) == list(range(100)))
        """
        with Puppet(code) as program:
            line = program.accept()
            sent, done, credit, ended = 0, 0, 0, False
            while True:
                said = line.next()
                if said.kind == wire.GET:
                    credit += said.number
                    count = min(credit, 100 - sent)
                    if count:
                        line.deliver(*[b"%d" % n for n in range(sent, sent + count)])
                    sent, credit = sent + count, credit - count
                elif said.kind == wire.DONE:
                    done += struct.unpack(">HII", said.body)[2]
                elif said.kind == wire.GOODBYE:
                    line.say(wire.GOODBYE)
                    break
                if done == 100 and not ended:
                    ended = True
                    line.say(wire.END, 1)
            self.assertEqual(program.hear(), "True")

    def test_sizes_are_asked_of_the_broker(self):
        with Puppet("say(q.qsize(), q.empty(), q.full())") as program:
            line = program.accept()
            for _ in range(3):
                line.reply(line.expect(wire.STAT), {"size": 3, "room": 0, "unfinished": 4, "closed": False})
            self.assertEqual(program.hear(), "3 False True")
            line.part()

    def test_join_waits_for_the_broker(self):
        with Puppet("q.join(); say('joined')") as program:
            line = program.accept()
            line.reply(line.expect(wire.JOIN))
            self.assertEqual(program.hear(), "joined")
            line.part()


    def test_what_is_done_once_it_is_taken_may_be_said_to_be_done_too(self):
        code = """
            q.get()
            q.task_done()
            try: q.task_done()
            except ValueError: say("too often")
        """
        with Puppet(code, {**QUEUE, "delivery": "at-most-once"}) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.deliver(b"1")
            line.until(wire.GOODBYE)
            line.say(wire.GOODBYE)
            line.close()
            self.assertEqual(program.end(), (0, "too often\n", ""))

    def test_what_is_done_once_it_is_taken_cannot_go_back(self):
        code = """
            item = q.take()
            try: item.give_back()
            except ValueError as error: say(error)
            item.done()
        """
        with Puppet(code, {**QUEUE, "delivery": "at-most-once"}) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.deliver(b"1")
            line.expect(wire.TAKEN)
            line.part()
            said = "queue `dishes` has `delivery: at-most-once`: what was taken is done, and cannot go back\n"
            self.assertEqual(program.end(), (0, said, ""))

    def test_a_get_in_a_loop_takes_the_next_item_and_the_loop_goes_on_behind_it(self):
        code = """
            for item in q:
                if item == 1:
                    say(item, q.get(), q.get())
                    q.task_done()
                else:
                    say(item)
        """
        with Puppet(code) as program:
            line = program.accept()
            count = 0
            # One at a time, until it has shown its pace and reads ahead.
            while (said := line.until(wire.GET, flags=1)).number < 4:
                line.deliver(*[b"0"] * said.number)
                count += said.number
            line.deliver(b"0", b"1", b"2", b"3", b"4")
            lines = [program.hear() for _ in range(count + 3)]
            self.assertEqual(lines, ["0"] * (count + 1) + ["1 2 3", "4"])
            done = []
            while True:
                said = line.next()
                if said.kind == wire.DONE:
                    _, first, length = struct.unpack(">HII", said.body)
                    done.extend(range(first, first + length))
                elif said.kind == wire.GET and said.flags == 1:
                    break
            # The second of the two that it got is still held.
            expected = {*range(count + 5)} - {count + 3}
            self.assertLessEqual(set(done), expected)
            self.assertEqual(len(done), len(set(done)))
            self.assertLessEqual({count + 1, count + 2, count + 4}, set(done))
            line.say(wire.END, 1)
            line.part()


class TheLastRound(unittest.TestCase):
    def test_what_is_done_while_it_is_sent_is_seen_to(self):
        connection = SimpleNamespace(unsent=0, fileno=lambda: 0, close=lambda: None)

        def say(*frames):
            connection.unsent += sum(map(len, frames))

        def send():
            connection.unsent = 0

        def send_while_another_thread_goes_on():
            # As far as it comes without the session's lock.
            send()
            consumer.done.append(tag)
            others.append(session.attendant.armed)

        connection.say, connection.send = say, send
        session = Session(connection, {"channels": []})
        consumer = session.consumers[1] = Consumer(session, QUEUE)
        others = []
        consumer._deliver([b"0"])
        session.attendant.armed = True
        self.assertTrue(consumer.advance())
        tag, _ = consumer.ready.popleft()
        self.assertTrue(session.tick())
        session.say(wire.bare(wire.UNGET, 1))
        connection.send = send_while_another_thread_goes_on
        session._sends_seen = session._sends
        follows = session.tick()
        relies = others == [True]
        self.assertEqual((consumer.done, others, follows or not relies), ([0], others[:1], True))
        session.close()


class Recalled(unittest.TestCase):
    """What a consumer says of the items that it gives back, with nobody at the other end."""

    def setUp(self):
        session = SimpleNamespace(said=[], attendant=SimpleNamespace(armed=True))
        session.turns = SimpleNamespace(wake=lambda *_, **__: None)
        session.say = lambda frame: session.said.append(frame)
        self.consumer = Consumer(session, QUEUE)
        self.said = session.said

    def given_back(self):
        said, self.said[:] = list(self.said), []
        ranges = [struct.unpack(">IBBHHII", frame) for frame in said if frame[4] == wire.GIVE_BACK]
        return [(first, count) for *_, first, count in ranges]

    def test_what_was_kept_for_those_who_waited_is_given_back_as_what_it_is(self):
        self.consumer._deliver([b"0", b"1", b"2"])
        self.consumer.waiting = 2
        self.consumer.hear(wire.RECALL, 0, memoryview(b""))
        self.assertEqual(self.given_back(), [(2, 1)])
        self.consumer.waiting = 0
        self.consumer.hear(wire.RECALL, 0, memoryview(b""))
        self.assertEqual(self.given_back(), [(0, 2)])

    def test_and_so_it_is_with_others_behind_it(self):
        self.consumer._deliver([b"0", b"1", b"2"])
        self.consumer.waiting = 1
        self.consumer.hear(wire.RECALL, 0, memoryview(b""))
        self.assertEqual(self.given_back(), [(1, 2)])
        self.consumer._deliver([b"3", b"4"])
        self.consumer.waiting = 0
        self.consumer.hear(wire.RECALL, 0, memoryview(b""))
        self.assertEqual(sorted(self.given_back()), [(0, 1), (3, 2)])

    def test_nobody_looks_into_what_goes_back(self):
        looked = []
        lies_aside = Aside(0, 0, 1)
        lies_aside.read = lambda: looked.append("looked") or b"0"
        for _ in range(3):
            self.consumer._deliver([lies_aside])
        self.consumer.waiting = 1
        self.consumer.hear(wire.RECALL, 0, memoryview(b""))
        self.assertEqual(self.given_back(), [(1, 2)])
        self.assertEqual((list(self.consumer.ready), looked), ([(0, b"0")], ["looked"]))

    def test_what_comes_behind_what_went_back_goes_back_too_before_anything_is_asked_for(self):
        self.consumer._asked = 3
        self.consumer._deliver([b"0"])
        self.consumer.hear(wire.RECALL, 0, memoryview(b""))
        self.assertEqual(self.given_back(), [(0, 1)])
        self.consumer.waiting = 1
        self.consumer.await_more()
        self.consumer._deliver([b"1", b"2"])
        self.consumer.await_more()
        self.assertEqual([frame[4] for frame in self.said], [wire.GIVE_BACK])
        self.assertEqual(self.given_back(), [(1, 2)])
        self.consumer.hear(wire.WITHDRAWN, 0, memoryview(b""))
        self.consumer.await_more()
        self.consumer._deliver([b"0", b"1"])
        self.assertEqual([frame[4] for frame in self.said], [wire.GET])
        self.assertEqual(self.given_back(), [])


class Room:
    """A broker in the place of a connection: gives room at random, and holds what is put against it."""

    unsent = 0

    def __init__(self, chance):
        self.chance = chance
        self.items, self.bytes = 0, 0
        self.put = []
        self.asked = []
        # It never has to be waited for.
        self._ends = os.pipe()
        os.write(self._ends[1], b"!")

    def fileno(self):
        return self._ends[0]

    def close(self):
        for end in self._ends:
            os.close(end)

    def say(self, *pieces):
        frame = b"".join(pieces)
        kind, body = frame[4], frame[8:]
        if kind == wire.WANT:
            self.asked.append(struct.unpack(">II", body))
        elif kind == wire.PUT:
            items = wire.split(body)
            self.items -= len(items)
            self.bytes -= sum(map(len, items))
            if min(self.items, self.bytes) < 0:
                raise AssertionError(f"{len(items)} items were put, {-self.items} or {-self.bytes} bytes too many")
            self.put += items

    def receive(self):
        asked, self.asked = self.asked, []
        for count, size in asked:
            more = self.chance.choice([(0, 0), (5, 300), (3000, 10_000), (3000, 10**8), (10, 10**8)])
            room = count + more[0], size + more[1]
            self.items += room[0]
            self.bytes += room[1]
            yield Frame(wire.ROOM, 0, 1, memoryview(struct.pack(">II", *room)))

    def send(self):
        pass


class Roomy(unittest.TestCase):
    def test_whatever_the_sizes_are_all_is_put_in_order_and_never_more_than_there_is_room_for(self):
        chance = random.Random(int(os.environ.get("FORKLINE_SEED", "1")))
        for _ in range(20):
            room = Room(chance)
            session = Session(room, {"channels": [QUEUE]})
            session.attendant.armed = True
            q = Queue("dishes")
            q._producer = session.producers[1] = Producer(session, {**QUEUE, "encoding": "bytes"})
            sizes = chance.choice([[100], [0], range(50, 150), [*[10] * 50, 5000], [*[10] * 500, 100_000]])
            items = [bytes([n % 256]) * chance.choice(sizes) for n in range(3000)]
            for item in items[:2000]:
                q.put(item)
            q.put_many(items[2000:])
            session.seal()
            self.assertEqual(room.put, items)
            session.close()


class InLine(unittest.TestCase):
    def test_a_message_does_not_overtake_one_that_waits_though_the_open_batch_has_room_for_it(self):
        chance = SimpleNamespace(choice=lambda _: (3000, 10_000))
        session = Session(Room(chance), {"channels": [QUEUE]})
        session.attendant.armed = True
        end = Pipe("line")
        producer = end._producer = session.producers[1] = Producer(session, {**QUEUE, "encoding": "bytes"})
        for message in (b"1", b"2"):
            end.send_bytes(message)
        producer.stand_in_line(SimpleNamespace(once=False, cause=None))
        with self.assertRaises(standard.Full):
            end.send_bytes(b"4", timeout=0)
        self.assertEqual(producer.batch, [b"1", b"2"])
        session.close()


class Walked(unittest.TestCase):
    """A loop that goes through what came by itself, with nobody at the other end."""

    def setUp(self):
        session = SimpleNamespace(said=[], attendant=SimpleNamespace(armed=True))
        session.flush = lambda *_, **__: None
        session.turns = SimpleNamespace(wake=session.flush)
        session.say = lambda frame: session.said.append(frame)
        self.consumer = Consumer(session, QUEUE)
        self.said = session.said

    def walk(self, *items):
        self.consumer._deliver(list(items))
        return self.consumer.open_walk()

    def told(self, *kinds):
        """(kind, first, count) of what was said of items."""
        said, self.said[:] = list(self.said), []
        frames = [(frame[4], frame) for frame in said if frame[4] in (wire.DONE, wire.GIVE_BACK, wire.TAKEN)]
        return [
            (kind, struct.unpack(">IBBHI", frame)[4]) if kind == wire.TAKEN else (kind, *struct.unpack(">IBBHHII", frame)[5:])
            for kind, frame in frames
        ]

    def test_all_but_the_item_in_its_hand_is_done(self):
        walk = self.walk(b"0", b"1", b"2")
        self.consumer.report()
        self.assertEqual(self.told(), [])
        next(walk.items)
        self.consumer.report()
        self.assertEqual(self.told(), [(wire.TAKEN, 1)])
        next(walk.items)
        next(walk.items)
        self.consumer.report()
        self.assertEqual(self.told(), [(wire.DONE, 0, 2), (wire.TAKEN, 1)])
        self.consumer.close_walk(walk)
        self.assertEqual(self.told(), [(wire.DONE, 2, 1)])

    def test_what_comes_in_crumbs_is_gone_through_in_one_go_and_what_lies_aside_by_itself(self):
        aside = Aside(0, 0, 1)
        aside.read = lambda: b"3"
        for items in ([b"0"], [b"1", b"2"], [aside], [b"4"]):
            self.consumer._deliver(items)
        self.assertEqual([list(self.consumer.open_walk().items) for _ in range(3)], [[b"0", b"1", b"2"], [b"3"], [b"4"]])

    def test_what_it_has_not_taken_goes_back_when_others_want_it(self):
        walk = self.walk(b"0", b"1", b"2", b"3")
        next(walk.items)
        next(walk.items)
        self.consumer.hear(wire.RECALL, 0, memoryview(b""))
        self.assertEqual(self.told(), [(wire.DONE, 0, 1), (wire.TAKEN, 1), (wire.GIVE_BACK, 2, 2)])
        self.assertEqual(list(walk.items), [])
        self.consumer.close_walk(walk)
        self.assertEqual(self.told(), [(wire.DONE, 1, 1)])

    def test_another_thread_shares_it_from_then_on(self):
        walk = self.walk(b"0", b"1", b"2")
        next(walk.items)
        self.assertTrue(self.consumer.advance())
        self.assertEqual((list(walk.items), list(self.consumer.ready)), ([], [(1, b"1"), (2, b"2")]))
        self.assertIsNone(self.consumer.open_walk())
        self.consumer.close_walk(walk)
        self.consumer.done.append(1)
        self.consumer.ready.popleft()
        self.consumer.report()
        self.assertEqual(self.told(), [(wire.DONE, 0, 1), (wire.DONE, 1, 1)])

    def test_a_loop_that_was_left_keeps_its_last_item(self):
        next(self.walk(b"0", b"1").items)
        self.assertTrue(self.consumer.advance())
        self.consumer.ready.popleft()
        self.consumer.done.append(1)
        self.consumer.report()
        self.assertEqual(self.told(), [(wire.DONE, 1, 1)])

    def test_a_process_that_is_not_its_any_more_takes_nothing_of_it(self):
        walk = self.walk(b"0", b"1")
        self.consumer.lose()
        self.assertEqual(list(walk.items), [])


if __name__ == "__main__":
    unittest.main()
