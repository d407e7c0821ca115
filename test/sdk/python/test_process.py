"""One process and its session: forks, ends, interrupts and a broker that is lost."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import unittest

from puppet import LOCK, QUEUE, SDK, Line, Puppet, wire


class Sessions(unittest.TestCase):
    def test_it_says_who_it_is(self):
        with Puppet("p = current_process(); say(p.name, p.pid, p.replica, p.run_id); q.qsize()") as program:
            program.accept()
            pid = program.process.pid
            self.assertEqual(program.hear(), f"chef.1 {pid} 1 run-1")
            hello = {key: program.hello[key] for key in ("protocol", "instance", "token", "pid")}
            self.assertEqual(hello, {"protocol": 1, "instance": "chef.1", "token": "c0ffee", "pid": pid})
            self.assertTrue(program.hello["sdk"].startswith("python "))

    def test_a_program_that_uses_no_channel_opens_no_connection(self):
        with Puppet("say('quiet')") as program:
            self.assertEqual(program.end()[:2], (0, "quiet\n"))
            program._listener.settimeout(0)
            with self.assertRaises(BlockingIOError):
                program.listen()

    def test_it_says_that_it_is_ready_and_waits_until_that_is_heard(self):
        with Puppet("from forkline import ready; ready(); say('heard')") as program:
            line = program.accept()
            said = line.expect(wire.READY)
            line.reply(said)
            self.assertEqual(program.hear(), "heard")
            line.part()

    def test_where_nobody_listens_it_is_ready_without_a_word(self):
        usual = {name: value for name, value in os.environ.items() if not name.startswith("FORKLINE_")}
        inside = {**usual, "PYTHONPATH": SDK, "FORKLINE_PROCESS": "chef", "FORKLINE_RUN_ID": "run-1"}
        code = "from forkline import ready; ready()"
        ended = subprocess.run([sys.executable, "-c", code], env=inside, capture_output=True, text=True)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        ended = subprocess.run(
            [sys.executable, "-c", code], env={**usual, "PYTHONPATH": SDK}, capture_output=True, text=True
        )
        self.assertIn("NotInARun", ended.stderr)

    def test_outside_of_a_run_the_error_says_how_to_run_it(self):
        usual = {name: value for name, value in os.environ.items() if not name.startswith("FORKLINE_")}
        code = "import forkline; forkline.queue('dishes').put(1)"
        ended = subprocess.run(
            [sys.executable, "-c", code], env={**usual, "PYTHONPATH": SDK}, capture_output=True, text=True
        )
        self.assertIn("NotInARun: this program was not started by Forkline", ended.stderr)
        self.assertIn("`forkline run`", ended.stderr)

    def test_what_the_pipeline_does_not_declare_is_refused_by_name(self):
        code = """
            for use in (lambda: q.put(1), lambda: q.get(), lambda: queue("nowhere").put(1), lambda: mutex.acquire()):
                try: use()
                except NotGranted as error: say(error)
        """
        with Puppet(code, {**QUEUE, "puts": False, "gets": False}) as program:
            line = program.accept()
            line.part()
            out = program.end()[1].splitlines()
            self.assertEqual(len(out), 4)
            self.assertIn("may not put to queue `dishes`", out[0])
            self.assertIn("add `puts: dishes` to `chef`", out[0])
            self.assertIn("may not get from queue `dishes`", out[1])
            self.assertIn("queue `nowhere`", out[2])
            self.assertIn("may not take lock `mutex`", out[3])

    def test_a_refused_greeting_is_told(self):
        with Puppet("q.put(1)") as program:
            connected = program.listen()
            connected.recv(1000)
            body = b'{"code":"identity","message":"the token is not that of chef.1"}'
            connected.sendall(struct.pack(">IBBH", 4 + len(body), wire.ERROR, 0, 0) + body)
            self.assertIn("the token is not that of chef.1 (identity)", program.end()[2])
            connected.close()

    def test_a_broker_that_is_too_busy_to_accept_is_asked_again(self):
        with Puppet("") as program:
            code = """if True:
                import socket, errno
                usual, times = socket.socket.connect, []
                def connect(self, address):
                    times.append(1)
                    if len(times) == 1: raise BlockingIOError(errno.EAGAIN, "busy")
                    if len(times) == 2: raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")
                    return usual(self, address)
                socket.socket.connect = connect
                from forkline import queue
                queue("dishes").qsize()
                print(len(times))
            """
            program.end()
            environment = {
                **os.environ,
                "PYTHONPATH": SDK,
                "FORKLINE_SOCKET": program._listener.getsockname(),
                "FORKLINE_TOKEN": "t",
                "FORKLINE_PROCESS": "chef",
            }
            child = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
            line = program.accept()
            line.reply(line.expect(wire.STAT), {"size": 0, "room": 1, "unfinished": 0, "closed": False})
            line.part()
            self.assertEqual(child.communicate()[0], "3\n")

    def test_a_lost_broker_is_an_error_in_every_waiting_and_every_later_call(self):
        code = """
            def attempt(call):
                try: call()
                except BrokerLost as error: say("lost")
            threads = [threading.Thread(target=attempt, args=(call,)) for call in (q.get, q.join, mutex.acquire)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            for call in (q.get, q.get_nowait, q.qsize, q.flush, mutex.acquire, lambda: q.put(1), lambda: list(q)):
                attempt(call)
        """
        with Puppet(code) as program:
            line = program.accept()
            kinds = {line.next().kind for _ in range(3)}
            self.assertEqual(kinds, {wire.GET, wire.JOIN, wire.ACQUIRE})
            line.close()
            code, out, err = program.end()
            self.assertEqual((code, out), (0, "lost\n" * 10))

    def test_frames_of_a_kind_that_it_does_not_know_are_passed_over(self):
        with Puppet("say(q.get())") as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            for channel in (0, 1, 2, 9):
                line.say(127, channel, b"\x01", flags=255)
            line.deliver(b"1")
            line.expect(wire.TAKEN)
            line.part()
            self.assertEqual(program.end()[1], "1\n")

    def test_the_reason_the_broker_gives_for_closing_is_told(self):
        with Puppet("q.get()") as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            line.say(wire.ERROR, 0, b'{"code":"protocol","message":"that made no sense"}')
            line.close()
            self.assertIn("that made no sense (protocol)", program.end()[2])


class Ends(unittest.TestCase):
    def check(self, ending, code):
        with Puppet(f"q.put(1); q.put(2)\n{ending}") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(2)
            items = line.expect_items()
            if len(items) == 1:
                items += line.expect_items()
            self.assertEqual(items, [b"1", b"2"])
            line.part()
            self.assertEqual(program.end()[0], code)

    def test_a_normal_end_flushes_and_says_goodbye(self):
        self.check("", 0)

    def test_sys_exit_flushes_and_says_goodbye(self):
        self.check("sys.exit(3)", 3)

    def test_an_uncaught_error_flushes_and_says_goodbye(self):
        self.check("raise ValueError", 1)

    def test_an_end_by_ctrl_c_flushes_and_says_goodbye(self):
        self.check("os.kill(os.getpid(), signal.SIGINT); time.sleep(60)", -signal.SIGINT)

    def test_a_put_in_an_exit_handler_still_arrives(self):
        with Puppet("import atexit\natexit.register(lambda: q.put(1))") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1)
            self.assertEqual(line.expect_items(), [b"1"])
            line.part()
            self.assertEqual(program.end()[0], 0)

    def test_os_exit_says_no_goodbye(self):
        with Puppet("q.put(1); os._exit(0)") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1)
            self.assertEqual(line.expect_items(), [b"1"])
            line.expect_end()
            self.assertEqual(program.end()[0], 0)

    def test_an_abandoned_queue_is_not_waited_for(self):
        with Puppet("q.put(1); q.abandon()") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1)
            line.expect_items()
            line.expect(wire.GOODBYE)
            self.assertEqual(program.end(), (0, "", ""))

    def test_a_broker_that_is_lost_at_the_end_is_told(self):
        with Puppet("q.put(1)") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1)
            line.expect_items()
            line.expect(wire.GOODBYE)
            line.close()
            self.assertIn("may not have reached", program.end()[2])

    def test_what_the_broker_says_before_it_hears_the_goodbye_is_answered_no_more(self):
        # Each frame is heard by itself, as if they came one after the other.
        code = """
            from forkline.connection import Connection
            receive, heard = Connection.receive, []
            def one(self):
                heard.extend(receive(self))
                return [heard.pop(0)] if heard else []
            q.put(1)
            Connection.receive = one
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1)
            line.expect_items()
            line.expect(wire.GOODBYE)
            line.room(5)
            line.say(wire.RECALL, 1, flags=1)
            line.say(wire.GOODBYE)
            line.expect_end()
            self.assertEqual(program.end(), (0, "", ""))


class Handlers(unittest.TestCase):
    def test_one_that_calls_while_the_session_is_opened_is_told_so(self):
        code = """
            def handler(*_):
                try: mutex.acquire()
                except RuntimeError as error: say(error)
            signal.signal(signal.SIGUSR1, handler)
            say(q.qsize())
        """
        with Puppet(code) as program:
            line = Line(program.listen())
            line.expect(wire.HELLO)
            program.process.send_signal(signal.SIGUSR1)
            self.assertEqual(program.hear(), "called from a signal handler, in the midst of another call of Forkline's")
            line.say(wire.WELCOME, 0, json.dumps({"protocol": 1, "run": "run-1", "channels": [QUEUE, LOCK]}).encode())
            line.reply(line.expect(wire.STAT), {"size": 3, "room": 5})
            self.assertEqual(program.hear(), "3")
            line.part()


    def test_one_that_calls_while_its_thread_waits_is_answered_and_so_is_the_call_below_it(self):
        code = """
            from forkline.turn import Turn
            usual, told = Turn.block, ["the handler", "the program"]
            def block(turn, seconds):
                if told: say(told.pop(), "waits")
                usual(turn, seconds)
            Turn.block = block
            signal.signal(signal.SIGUSR1, lambda *_: say(q.qsize()))
            say(q.get())
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            self.assertEqual(program.hear(), "the program waits")
            program.process.send_signal(signal.SIGUSR1)
            self.assertEqual(program.hear(), "the handler waits")
            stat = line.until(wire.STAT)
            line.deliver(b'"below"')
            line.reply(stat, {"size": 3, "room": 5})
            self.assertEqual(program.hear(), "3")
            self.assertEqual(program.hear(), "below")


class HeldUp(unittest.TestCase):
    def test_one_who_waits_for_the_socket_goes_on_when_it_has_taken_all_at_once(self):
        code = """
            from forkline import process
            session = process.session(q)
            connection = session.connection
            take = connection.send
            # As if the broker had read on just after the put looked.
            connection.unsent, tries = 600_000, []
            def send():
                tries.append(1)
                if len(tries) > 1: connection.unsent = 0
            connection.send = send
            from forkline.calls import wait
            from forkline.putting import PutCall
            producer = q._bind_producer()
            put = PutCall(producer, b"1", False)
            put.attempt = lambda: None if session.is_crowded() else "on"
            print(wait(session, put, None))
            connection.send = take
        """
        with Puppet(code) as program:
            program.accept().part()
            self.assertEqual(program.end(), (0, "on\n", ""))


class Forks(unittest.TestCase):
    def test_a_forked_child_has_its_own_session_and_its_parents_goes_on(self):
        code = """
            q.put("parent")
            if os.fork() == 0:
                q.put("child")
                sys.exit()
            os.wait()
            q.put("parent again")
        """
        with Puppet(code) as program:
            parent = program.accept()
            parent.expect(wire.WANT)
            parent.room(2)
            self.assertEqual(parent.expect_items(), [b'"parent"'])
            child = program.accept()
            self.assertNotEqual(program.hello["pid"], program.process.pid)
            child.expect(wire.WANT)
            child.room(1)
            self.assertEqual(child.expect_items(), [b'"child"'])
            child.part()
            self.assertEqual(parent.expect_items(), [b'"parent again"'])
            parent.part()
            self.assertEqual(program.end()[0], 0)

    def test_a_child_that_uses_no_channel_says_nothing_on_its_parents_connection(self):
        with Puppet("q.put(1)\nif os.fork() == 0: sys.exit()\nos.wait()\nsay('waited')") as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1)
            line.expect_items()
            self.assertEqual(program.hear(), "waited")
            line.part()
            self.assertEqual(program.end()[0], 0)

    def test_the_item_of_a_loop_is_done_by_the_parent_and_not_by_its_child(self):
        code = """
            for item in q:
                if item == 1 and os.fork() == 0:
                    continue
                say(os.getpid(), item)
                if item == 2: break
        """
        with Puppet(code) as program:
            parent = program.accept()
            parent.expect(wire.GET, flags=1)
            parent.deliver(b"1")
            child = program.accept()
            child.expect(wire.GET, flags=1)
            child.deliver(b"2")
            self.assertNotEqual(child.expect(wire.TAKEN), None)
            child.part()
            parent.until(wire.DONE)
            parent.until(wire.GET, flags=1)
            parent.deliver(b"2")
            parent.until(wire.GOODBYE)
            parent.say(wire.GOODBYE)

    def test_children_of_multiprocessing_flush_and_say_goodbye(self):
        code = """
            import multiprocessing
            def cook(q):
                q.put("child")
            if __name__ == "__main__":
                child = multiprocessing.get_context("fork").Process(target=cook, args=(q,))
                child.start(); child.join(); say(child.exitcode)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1)
            self.assertEqual(line.expect_items(), [b'"child"'])
            line.part()
            self.assertEqual(program.hear(), "0")

    def test_a_program_forks_with_no_thread_of_ours(self):
        code = """
            q.put(1)
            say(threading.active_count())
            os.register_at_fork(before=lambda: None, after_in_parent=lambda: say(threading.active_count()))
            if os.fork() == 0: os._exit(0)
            os.wait()
        """
        with Puppet(code) as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1)
            line.expect_items()
            self.assertEqual([program.hear(), program.hear()], ["2", "1"])
            line.part()


class Interrupts(unittest.TestCase):
    def test_ctrl_c_at_any_moment_leaves_the_connection_in_order(self):
        # A timer stands for a person who presses Ctrl-C again and again.
        code = """
            armed = ended = False
            seen, interrupts = [], 0
            def alarm(*_):
                global armed
                if armed:
                    armed = False
                    os.kill(os.getpid(), signal.SIGINT)
            def eat():
                while True:
                    try: item = q.take()
                    except ShutDown: return
                    seen.append(item.value)
                    item.done()
            signal.signal(signal.SIGALRM, alarm)
            q.qsize()
            while not ended:
                try:
                    armed = True
                    signal.setitimer(signal.ITIMER_REAL, 0.0003 + 0.0001 * (interrupts % 7))
                    eat()
                    ended, armed = True, False
                except KeyboardInterrupt:
                    interrupts += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            say(len(seen) == len(set(seen)), interrupts > 3)
        """
        with Puppet(code) as program:
            line = program.accept()
            line.reply(line.expect(wire.STAT), {"size": 0})
            waiting, items = [b"%d" % n for n in range(3000)], {}
            credit, tag, ended = 0, 0, False
            while True:
                said = line.next()
                self.assertIsNotNone(said, program.process.poll())
                if said.kind == wire.GET:
                    credit += said.number
                elif said.kind == wire.UNGET:
                    credit = 0
                    line.say(wire.WITHDRAWN, 1)
                elif said.kind in (wire.DONE, wire.GIVE_BACK):
                    high, low, count = struct.unpack(">HII", said.body)
                    for number in range(low, low + count):
                        item = items.pop(number)
                        if said.kind == wire.GIVE_BACK:
                            waiting.insert(0, item)
                elif said.kind == wire.GOODBYE:
                    line.say(wire.GOODBYE)
                    break
                count = min(credit, len(waiting))
                if count:
                    line.deliver(*waiting[:count])
                    items.update(zip(range(tag, tag + count), waiting))
                    del waiting[:count]
                    tag, credit = tag + count, credit - count
                elif not waiting and said.kind == wire.GET and said.flags and not ended:
                    ended = True
                    line.say(wire.END, 1)
            self.assertEqual(program.end(), (0, "True True\n", ""))


if __name__ == "__main__":
    unittest.main()
