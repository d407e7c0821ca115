"""Python targets, started as the runner starts them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest

from puppet import SDK, Puppet, wire


class Launch(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="forkline-")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        return path

    def argv(self, text, export, *args, name="kitchen.py", **kwargs):
        call = json.dumps({"args": args, "kwargs": kwargs})
        return ["-m", "forkline.launch", self.write(name, text), export, call]

    def run_target(self, text, export, *args, **kwargs):
        argv = [sys.executable, *self.argv(text, export, *args, **kwargs)]
        return subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": SDK}, cwd="/")

    def test_a_function_is_called_with_its_arguments(self):
        ended = self.run_target("def cook(a, b, *, c): print(a, b, c)", "cook", "包子", [1, None], c={"d": True})
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, "包子 [1, None] {'d': True}\n", ""))

    def test_a_class_is_constructed_and_run(self):
        code = """
            class Cook:
                def __init__(self, dish, salt=0): self.dish, self.salt = dish, salt
                def run(self): print(self.dish, self.salt)
        """
        self.assertEqual(self.run_target(code, "Cook", "soup", salt=2).stdout, "soup 2\n")

    def test_a_coroutine_is_run_to_its_end(self):
        code = """
            import asyncio
            async def cook():
                await asyncio.sleep(0)
                print("cooked")
        """
        self.assertEqual(self.run_target(code, "cook").stdout, "cooked\n")

    def test_a_generator_which_nobody_would_run_is_refused(self):
        words = "returned a generator, which runs only while something loops over it"
        for code in (
            "def cook():\n    print('cooked')\n    yield",
            "async def cook():\n    print('cooked')\n    yield",
            "def chop():\n    yield\nasync def cook(): return chop()",
            "class cook:\n    def run(self):\n        yield",
        ):
            with self.subTest(code):
                ended = self.run_target(code, "cook")
                said = f"forkline: `cook` {words}: as the target, name a function that does\n"
                self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (1, "", said))

    def test_a_long_call_is_read_from_a_file(self):
        path = self.write("kitchen.py", "def cook(text): print(len(text))")
        call = self.write("call.json", json.dumps({"args": ["x" * 300_000], "kwargs": {}}))
        argv = [sys.executable, "-m", "forkline.launch", path, "cook", "@" + call]
        ended = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": SDK})
        self.assertEqual((ended.returncode, ended.stdout), (0, "300000\n"))

    def test_the_file_is_the_module_it_is_and_finds_its_siblings(self):
        self.write("sauce.py", "NAME = 'soy'")
        code = """
            import pickle, sys, os
            import sauce
            def cook():
                assert pickle.loads(pickle.dumps(cook)) is cook
                print(__name__, os.path.basename(__file__), sauce.NAME, sys.modules[__name__].cook is cook, sys.argv)
        """
        ended = self.run_target(code, "cook")
        self.assertEqual(ended.stdout, f"kitchen kitchen.py soy True ['{self.folder}/kitchen.py']\n", ended.stderr)

    def test_what_the_file_defines_can_run_in_processes_of_multiprocessing(self):
        for method in ("fork", "spawn"):
            code = f"""
                import multiprocessing
                def chop(n): return n * n
                def cook():
                    with multiprocessing.get_context("{method}").Pool(2) as pool:
                        print(pool.map(chop, range(4)))
            """
            with self.subTest(method):
                ended = self.run_target(code, "cook")
                self.assertEqual((ended.stdout, ended.returncode), ("[0, 1, 4, 9]\n", 0), ended.stderr)

    def test_a_file_that_is_named_as_a_module_of_pythons_still_runs(self):
        for name in ("queue.py", "json.py", "kit-chen.py", "a.b.py"):
            with self.subTest(name):
                ended = self.run_target("import json\ndef cook(): print(json.dumps([1]))", "cook", name=name)
                if name == "json.py":
                    continue
                self.assertEqual((ended.stdout, ended.returncode), ("[1]\n", 0), ended.stderr)

    def test_an_error_ends_with_1_and_the_programs_own_traceback(self):
        code = """
            def cook():
                raise ValueError("burnt")
        """
        ended = self.run_target(code, "cook")
        self.assertEqual(ended.returncode, 1)
        self.assertNotIn("forkline", ended.stderr.replace(self.folder, ""))
        lines = ended.stderr.splitlines()
        self.assertEqual(lines[0], "Traceback (most recent call last):")
        self.assertIn('kitchen.py", line 3, in cook', lines[1])
        self.assertEqual(lines[-1], "ValueError: burnt")

    def test_an_error_while_importing_shows_the_line_of_the_file(self):
        for text, last in (("x = 1\nnope", "NameError"), ("def cook(:", "SyntaxError")):
            with self.subTest(last):
                ended = self.run_target(text, "cook")
                self.assertEqual(ended.returncode, 1)
                self.assertIn('kitchen.py", line', ended.stderr)
                self.assertIn(last, ended.stderr.splitlines()[-1])
                self.assertNotIn("launch.py", ended.stderr)
                self.assertNotIn("importlib", ended.stderr)

    def test_a_wrong_argument_is_shown_without_our_frames(self):
        ended = self.run_target("def cook(a): pass", "cook")
        self.assertIn("cook() missing 1 required positional argument: 'a'", ended.stderr)
        self.assertNotIn("launch.py", ended.stderr)

    def test_exit_codes_are_the_programs(self):
        for code, expected in (("sys.exit(7)", 7), ("sys.exit()", 0), ("sys.exit('no salt')", 1), ("os._exit(9)", 9)):
            with self.subTest(code):
                ended = self.run_target(f"import sys, os\ndef cook(): {code}", "cook")
                self.assertEqual(ended.returncode, expected)
        self.assertEqual(self.run_target("import sys\ndef cook(): sys.exit('no salt')", "cook").stderr, "no salt\n")

    def test_what_is_not_there_is_named_with_what_is(self):
        code = "import os\nfrom json import dumps\nTABLE = 1\ndef cook(): pass\nclass Chef: pass"
        ended = self.run_target(code, "bake")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("has no `bake`: it defines `cook`, `Chef`", ended.stderr)
        self.assertIn("`TABLE`", self.run_target(code, "TABLE").stderr)
        self.assertIn("is of type `int`", self.run_target(code, "TABLE").stderr)
        self.assertIn("the class `Chef`", self.run_target(code, "Chef").stderr)
        self.assertIn("has no method `run`", self.run_target(code, "Chef").stderr)

    def test_a_file_that_is_not_there_is_named(self):
        argv = [sys.executable, "-m", "forkline.launch", "/nowhere/kitchen.py", "cook", "{}"]
        ended = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": SDK})
        self.assertEqual((ended.returncode, ended.stderr), (1, "forkline: there is no file `/nowhere/kitchen.py`\n"))

    def test_a_print_is_seen_at_once(self):
        code = """
            import sys
            def cook():
                print("begun")
                sys.stdin.read()
        """
        with Puppet(argv=self.argv(code, "cook")) as program:
            self.assertEqual(program.hear(), "begun")

    def test_told_to_stop_it_sends_what_it_put_says_goodbye_and_dies_by_the_signal(self):
        for name, busy in {
            "asleep": "time.sleep(60)",
            "waiting in get": "q.get()",
            "waiting for a lock": "lock('mutex').acquire()",
            "waiting for a thread": "threading.Thread(target=q.get).start() or threading.main_thread().join()",
            "computing": "\n                    while True: pass",
        }.items():
            code = f"""
                import os, threading, time
                from forkline import lock, queue
                q = queue("dishes")
                def cook():
                    q.put(1)
                    for n in range(2, 6): q.put(n)
                    os.write(1, b"put\\n")
                    try: {busy}
                    except BaseException as error: print("never seen", error)
            """
            if name == "computing":
                code = code.replace("try: \n", "try:\n                        pass\n").replace(
                    "                    while True: pass", "                        while True: pass"
                )
            if name == "waiting for a thread":
                code = code.replace("threading.main_thread().join()", "time.sleep(60)")
            with self.subTest(name), Puppet(argv=self.argv(code, "cook")) as program:
                line = program.accept()
                line.expect(wire.WANT)
                line.room(5)
                self.assertEqual(program.hear(), "put")
                program.process.send_signal(signal.SIGTERM)
                items = []
                while True:
                    said = line.next()
                    self.assertIsNotNone(said)
                    if said.kind == wire.PUT:
                        items += wire.split(said.body)
                    elif said.kind == wire.GOODBYE:
                        break
                line.say(wire.GOODBYE)
                self.assertEqual(items, [b"1", b"2", b"3", b"4", b"5"])
                code, out, err = program.end()
                self.assertEqual((code, out, err), (-signal.SIGTERM, "", ""))

    def test_told_to_stop_in_the_midst_of_puts_it_still_says_goodbye(self):
        code = """
            from forkline import queue
            q = queue("dishes")
            def cook():
                n = 0
                while True:
                    q.put(n)
                    n += 1
        """
        for _ in range(5):
            with Puppet(argv=self.argv(code, "cook")) as program:
                line = program.accept()
                line.expect(wire.WANT)
                line.room(1 << 30, 1 << 31)
                items = [*line.expect_items(), *line.expect_items()]
                program.process.send_signal(signal.SIGTERM)
                while True:
                    said = line.next()
                    if said.kind == wire.GOODBYE:
                        break
                    self.assertEqual(said.kind, wire.PUT)
                    items += wire.split(said.body)
                self.assertEqual(items, [b"%d" % n for n in range(len(items))])
                line.say(wire.GOODBYE)
                self.assertEqual(program.end()[0], -signal.SIGTERM)

    def test_told_to_stop_before_it_has_a_session_it_dies_at_once(self):
        code = "import time\ndef cook():\n    print('begun')\n    time.sleep(60)"
        with Puppet(argv=self.argv(code, "cook")) as program:
            self.assertEqual(program.hear(), "begun")
            program.process.send_signal(signal.SIGTERM)
            self.assertEqual(program.end()[0], -signal.SIGTERM)

    def test_a_forked_child_with_a_session_is_told_to_stop_as_its_parent_is(self):
        code = """
            import os, time
            from forkline import queue
            def cook():
                child = os.fork()
                if child == 0:
                    queue("dishes").put(1)
                    # Python may sleep through a signal that comes right before: not for long.
                    for _ in range(600): time.sleep(0.1)
                print(child)
                print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
        with Puppet(argv=self.argv(code, "cook")) as program:
            line = program.accept()
            line.expect(wire.WANT)
            line.room(1)
            line.expect_items()
            os.kill(int(program.hear()), signal.SIGTERM)
            line.part()
            self.assertEqual(program.hear(), str(-signal.SIGTERM))

    def test_ctrl_c_ends_it_by_the_signal_after_the_goodbye(self):
        code = """
            from forkline import queue
            def cook():
                queue("dishes").get()
        """
        with Puppet(argv=self.argv(code, "cook")) as program:
            line = program.accept()
            line.expect(wire.GET, flags=1)
            program.process.send_signal(signal.SIGINT)
            line.expect(wire.UNGET)
            line.say(wire.WITHDRAWN, 1)
            line.part()
            code, _, err = program.end()
            self.assertEqual(code, -signal.SIGINT)
            self.assertEqual(err.splitlines()[-1], "KeyboardInterrupt")


if __name__ == "__main__":
    unittest.main()
