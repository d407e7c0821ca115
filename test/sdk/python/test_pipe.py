"""Pipes between Python programs, on the real broker."""

import os
import signal
import unittest

import broker
from test_broker import Run

LINE = 'line = pipe("line")\n'


class Pipes(unittest.TestCase):
    def pipe(self, **settings):
        return broker.pipe("line", ["a", "b"], **settings)

    def talk(self, a, b, ends=("a", "b"), **settings):
        """What the two print; they end in that order."""
        with Run(self.pipe(**settings)) as run:
            for name, code in (("a", a), ("b", b)):
                run.start(name, LINE + code)
            said = {name: run.end(name) for name in ends}
            self.assertEqual([code for code, _ in said.values()], [0, 0], said)
            return [said[name][1] for name in ("a", "b")]

    def test_messages_go_both_ways_and_may_be_empty_or_large(self):
        a = """
for message in ("hello", "", None, {"a": [1, "ä"]}, "x" * (16 << 20)):
    line.send(message)
    say(line.recv() == message)
"""
        b = "for message in line: line.send(message)"
        self.assertEqual(self.talk(a, b), ["True\n" * 5, ""])

    def test_bytes_are_sent_as_they_are_and_pickle_carries_any_object(self):
        a = 'line.send_bytes(b""); line.send_bytes(bytearray(b"\\0\\xff")); line.send({1, 2}); say(line.recv())'
        b = "say(line.recv_bytes(), line.recv_bytes(), line.recv()); line.send(3+4j)"
        self.assertEqual(self.talk(a, b, encoding="pickle"), ["(3+4j)\n", "b'' b'\\x00\\xff' {1, 2}\n"])
        wrong = """
for wrong in (object(), float("nan")):
    try: line.send(wrong)
    except (TypeError, ValueError) as error: say(type(error).__name__)
try: line.send_bytes("text")
except TypeError as error: say(error)
"""
        self.assertEqual(self.talk(wrong, ""), ["TypeError\nValueError\nexpected `bytes` and got `str`\n", ""])

    def test_the_end_of_the_other_is_an_end_of_file_and_a_broken_pipe(self):
        a = 'line.send("first"); line.send("last")'
        b = """
say(line.recv(), line.recv())
try: line.recv()
except EOFError as error: say(type(error).__name__, error)
say(line.poll(), line.poll(None))
try: line.send(1)
except BrokenPipeError as error: say(type(error).__name__, error)
"""
        with Run(self.pipe()) as run:
            run.start("a", LINE + a)
            self.assertEqual(run.end("a"), (0, ""))
            run.start("b", LINE + b)
            code, out = run.end("b")
        self.assertEqual(
            out,
            "first last\n"
            "EndOfFile the other end of pipe `line` is closed, and all it sent is received\n"
            "True True\n"
            "BrokenPipe the other end of pipe `line` is closed\n",
        )

    def test_a_closed_end_is_of_no_use_here_and_an_end_of_file_there(self):
        a = """
with line:
    waiting = []
    def wait():
        try: line.recv()
        except OSError as error: waiting.append(type(error).__name__)
    thread = threading.Thread(target=wait)
    line.send("last")
    line.recv()
    thread.start()
    while not line._consumer.waiting: time.sleep(0.001)
thread.join()
say(line.closed, waiting)
line.close()
for call in (line.recv, line.poll, lambda: line.send(1), line.recv_bytes):
    try: call()
    except OSError as error: say(type(error).__name__)
"""
        b = """
say(line.recv()); line.send(1)
try: line.recv()
except EOFError: say("end of file")
try:
    while True: line.send("nobody receives this")
except BrokenPipeError: say("broken pipe")
"""
        self.assertEqual(
            self.talk(a, b), ["True ['PipeClosed']\n" + "PipeClosed\n" * 4, "last\nend of file\nbroken pipe\n"]
        )

    def test_poll_and_timeouts_take_nothing(self):
        a = """
say(line.poll(), line.poll(0.01))
try: line.recv(timeout=0.01)
except Empty: say("empty")
line.send("go")
say(line.poll(None), line.poll(), line.recv())
for _ in range(4): line.send_bytes(b"x" * (256 << 10))
try: line.send_bytes(b"x", timeout=0.01)
except Full: say("full")
line.send_bytes(b"room at last", timeout=60)
"""
        b = """
line.recv(); line.send("answer")
line.poll(None); time.sleep(0.1)
say(sum(len(line.recv_bytes()) for _ in range(4)), line.recv_bytes())
"""
        self.assertEqual(
            self.talk(a, b), ["False False\nempty\nTrue True answer\nfull\n", f"{1 << 20} b'room at last'\n"]
        )

    def test_what_cannot_wait_is_sent_where_there_is_room_now_and_no_time_is_refused(self):
        a = """
line.send("now", timeout=0)
for call in (line.send, line.recv, line.recv_bytes, line.poll):
    try: call(*[1][:call == line.send], timeout=float("nan"))
    except ValueError as error: say(error)
for n in range(50):
    line.send(n)
    try: line.send("never", timeout=float("nan"))
    except ValueError: pass
line.poll(None)
try: line.poll(float("nan"))
except ValueError as error: say(error)
"""
        b = """
say(line.recv(), "end" if [line.recv() for _ in range(50)] == [*range(50)] else "what was refused")
line.send("hello")
"""
        nan = "`timeout` is a number of seconds, and NaN is none\n"
        self.assertEqual(self.talk(a, b), [5 * nan, "now end\n"])

    def test_what_waits_to_be_sent_when_another_thread_closes_the_end_is_still_sent(self):
        a = """
line.send(bytes(1 << 20))
threading.Thread(target=line.send, args=(bytes(1 << 20),)).start()
while not line._producer.line: time.sleep(0)
line.close()
try: line.send(b"late")
except OSError as error: say(type(error).__name__)
"""
        b = "sys.stdin.readline(); say(*map(len, line))"
        with Run(self.pipe(encoding="bytes")) as run:
            sender, receiver = run.start("a", LINE + a), run.start("b", LINE + b)
            self.assertEqual(sender.stdout.readline(), "PipeClosed\n")
            receiver.stdin.write("it is closed\n")
            receiver.stdin.flush()
            self.assertEqual(run.end("b"), (0, f"{1 << 20} {1 << 20}\n"))
            self.assertEqual(run.end("a"), (0, ""))

    def test_threads_send_and_receive_many_messages_both_ways_at_once(self):
        code = """
count = 50_000
def send():
    for n in range(count): line.send(n)
thread = threading.Thread(target=send); thread.start()
say(all(line.recv() == n for n in range(count)))
thread.join()
"""
        self.assertEqual(self.talk(code, code), ["True\n", "True\n"])

    def test_one_way_only(self):
        a = """
line.send(1)
try: line.recv()
except NotGranted as error: say(error)
"""
        b = """
say(line.recv())
try: line.send(1)
except NotGranted as error: say(error)
try: pipe("other").recv()
except NotGranted as error: say(error)
"""
        one, other = self.talk(a, b, duplex=False)
        self.assertEqual(one, "pipe `line` goes one way only, and this end is there to send\n")
        self.assertEqual(
            other,
            "1\npipe `line` goes one way only, and this end is there to receive\n"
            "`b` has no end of pipe `other`: the pipeline does not say so\n",
        )

    def test_an_end_that_is_killed_while_the_other_waits_in_recv_and_in_send(self):
        for waiting in ("line.recv()", 'line.send("x" * (1 << 21)); line.send(1)'):
            with self.subTest(waiting), Run(self.pipe()) as run:
                a = run.start("a", LINE + "line.send(1); line.poll(None); say('up'); time.sleep(600)")
                run.start(
                    "b",
                    LINE + f"line.recv(); line.send(2)\ntry: {waiting}\nexcept (EOFError, BrokenPipeError) as error: say(type(error).__name__)",
                )
                self.assertEqual(a.stdout.readline(), "up\n")
                a.send_signal(signal.SIGKILL)
                a.wait()
                run.broker.end("a", held="back", stream="abort", succeeded=False)
                code, out = run.end("b")
                self.assertEqual((code, out), (0, "EndOfFile\n" if "recv" in waiting else "BrokenPipe\n"))

    def test_a_forked_child_shares_the_end_and_each_message_comes_to_one_of_them(self):
        a = """
line.send("ready")
child = os.fork()
got = [message for message in line]
if child == 0:
    say(*got); os._exit(0)
os.waitpid(child, 0)
say(*got)
"""
        b = "line.recv()\nfor n in range(200): line.send(n)"
        out, _ = self.talk(a, b, ends=("b", "a"))
        self.assertEqual(sorted(map(int, out.split())), list(range(200)))

    def test_the_end_of_a_child_does_not_end_the_end_of_its_parent(self):
        a = """
if os.fork() == 0:
    line.send("from the child"); part = line.recv(); say(part); sys.exit()
os.wait()
line.send("from the parent"); line.close()
"""
        b = "say(line.recv()); line.send('to the child'); say(line.recv(), line.poll(None))"
        self.assertEqual(self.talk(a, b), ["to the child\n", "from the child\nfrom the parent True\n"])


if __name__ == "__main__":
    unittest.main()
