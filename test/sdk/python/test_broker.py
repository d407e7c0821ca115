"""Python programs and the real broker together."""

import os
import subprocess
import sys
import textwrap
import unittest

import broker
from puppet import PRELUDE, SDK


class Run:
    """Some programs on one broker."""

    def __init__(self, *channels):
        self.broker = broker.Broker(*channels)
        self.programs = {}

    def start(self, instance, code):
        self.programs[instance] = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + textwrap.dedent(code)],
            env={**os.environ, "PYTHONPATH": SDK, **self.broker.environment(instance)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.broker.tell(type="started", node=instance, pid=self.programs[instance].pid)
        return self.programs[instance]

    def end(self, instance, **how):
        """Waits for its end and settles it. Returns (exit code, what it printed)."""
        program = self.programs[instance]
        out, err = program.communicate(timeout=60)
        self.account = self.broker.end(instance, **how)
        return program.returncode, out + err

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self.programs.values():
            program.kill()
            program.communicate()
        self.broker.close()


class RealBroker(unittest.TestCase):
    def dishes(self, producers=("p.1",), consumers=("c.1",), **settings):
        return broker.queue("dishes", list(producers), list(consumers), **settings)

    def test_everything_put_is_taken_in_order_to_the_end_of_the_stream(self):
        for maxsize in (0, 1, 10, 1000):
            with self.subTest(maxsize=maxsize), Run(self.dishes(maxsize=maxsize)) as run:
                count = 5000 if maxsize != 1 else 1000
                run.start("c.1", f"say(all(a == b for a, b in zip(q, range({count} + 1))), sum(1 for _ in q))")
                run.start("p.1", f"for n in range({count}): q.put(n)")
                self.assertEqual(run.end("p.1"), (0, ""))
                self.assertFalse(run.account["unflushed"])
                self.assertEqual(run.end("c.1"), (0, "True 0\n"))
                counts = run.broker.counts()["dishes"]
                self.assertEqual([counts[key] for key in ("put", "taken", "done", "left_over")], [count] * 3 + [0])
                if maxsize:
                    self.assertLessEqual(counts["peak"], maxsize)

    def test_three_producers_and_two_consumers_with_threads_lose_and_double_nothing(self):
        producers, consumers = [f"p.{n}" for n in range(1, 4)], ["c.1", "c.2"]
        with Run(self.dishes(producers, consumers, maxsize=50, encoding="text")) as run:
            for name in consumers:
                run.start(
                    name,
                    """
                    got = []
                    def take():
                        for item in q: got.append(item)
                    threads = [threading.Thread(target=take) for _ in range(3)]
                    for thread in threads: thread.start()
                    for thread in threads: thread.join()
                    say(*got)
                    """,
                )
            for name in producers:
                run.start(
                    name,
                    f"""
                    def put(k):
                        for n in range(300): q.put(f"{name}-{{k}}-{{n}}")
                    threads = [threading.Thread(target=put, args=(k,)) for k in range(3)]
                    for thread in threads: thread.start()
                    for thread in threads: thread.join()
                    """,
                )
            for name in producers:
                self.assertEqual(run.end(name), (0, ""))
            got = []
            for name in consumers:
                code, out = run.end(name)
                self.assertEqual(code, 0, out[-500:])
                got += out.split()
            self.assertEqual(sorted(got), sorted(f"{p}-{k}-{n}" for p in producers for k in range(3) for n in range(300)))

    def test_a_full_queue_is_full_and_an_empty_one_empty(self):
        with Run(self.dishes(maxsize=5)) as run:
            run.start(
                "p.1",
                """
                for n in range(5): q.put(n)
                say(q.full(), q.qsize())
                try: q.put_nowait(5)
                except Full: say("full")
                try: q.put(5, timeout=0.01)
                except Full: say("full")
                """,
            )
            self.assertEqual(run.end("p.1"), (0, "True 5\nfull\nfull\n"))
            run.start(
                "c.1",
                """
                say(*[q.get() for _ in range(5)])
                try: q.get()
                except ShutDown: say("end")
                """,
            )
            self.assertEqual(run.end("c.1"), (0, "0 1 2 3 4\nend\n"))

    def test_what_a_killed_taker_held_is_taken_by_another(self):
        with Run(self.dishes(consumers=["c.1", "c.2"])) as run:
            run.start("p.1", "q.put_many(range(100))")
            run.end("p.1")
            killed = run.start("c.1", "say(q.get()); q.get(); sys.stdin.read()")
            self.assertEqual(killed.stdout.readline(), "0\n")
            killed.kill()
            run.end("c.1", held="back", stream="abort", succeeded=False)
            run.start("c.2", "got = []\nfor _ in range(100):\n    t = q.take(); got.append(t.value); t.done()\nsay(sorted(got) == list(range(100)))")
            self.assertEqual(run.end("c.2"), (0, "True\n"))

    def test_join_returns_when_all_is_done(self):
        with Run(self.dishes()) as run:
            producer = run.start("p.1", "q.put_many(range(1000)); q.join(); say('joined')")
            run.start("c.1", "for _ in range(1000): q.get(); q.task_done()\nsys.stdin.read()")
            self.assertEqual(producer.stdout.readline(), "joined\n")

    def test_large_items_arrive_whole(self):
        with Run(self.dishes(encoding="bytes", maxBytes=1 << 20)) as run:
            run.start("p.1", "for n in range(20): q.put(bytes([n]) * (n * 200_000))")
            run.start("c.1", "say(*[len(set(x)) * len(x) // 200_000 for x in q])")
            self.assertEqual(run.end("p.1"), (0, ""))
            self.assertEqual(run.end("c.1"), (0, " ".join(map(str, range(20))) + "\n"))

    def test_forked_children_take_from_the_queue_of_their_parent(self):
        with Run(self.dishes()) as run:
            run.start("p.1", "q.put_many(range(1000))")
            run.end("p.1")
            run.start(
                "c.1",
                """
                import multiprocessing
                context = multiprocessing.get_context("fork")
                q.qsize()
                def eat(eaten):
                    eaten.put(list(q))
                if __name__ == "__main__":
                    eaten = context.Queue()
                    children = [context.Process(target=eat, args=(eaten,)) for _ in range(3)]
                    for child in children: child.start()
                    got = sorted(item for _ in children for item in eaten.get())
                    for child in children: child.join()
                    say(got == list(range(1000)), [child.exitcode for child in children])
                """,
            )
            self.assertEqual(run.end("c.1"), (0, "True [0, 0, 0]\n"))

    def test_a_lock_lets_one_in_at_a_time(self):
        users = [f"p.{n}" for n in range(1, 5)]
        with Run(broker.lock("mutex", users)) as run:
            path = os.path.join(run.broker.folder, "count")
            with open(path, "w", encoding="utf-8") as file:
                file.write("0")
            code = f"""
                def add():
                    for _ in range(50):
                        with mutex:
                            with open({path!r}) as file: count = int(file.read())
                            with open({path!r}, "w") as file: file.write(str(count + 1))
                threads = [threading.Thread(target=add) for _ in range(2)]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
            """
            for name in users:
                run.start(name, code)
            for name in users:
                self.assertEqual(run.end(name), (0, ""))
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), "400")

    def test_the_lock_of_a_killed_owner_is_abandoned_to_the_next(self):
        with Run(broker.lock("mutex", ["p.1", "p.2"])) as run:
            killed = run.start("p.1", "mutex.acquire(); say(mutex.fence); sys.stdin.read()")
            self.assertEqual(killed.stdout.readline(), "1\n")
            run.start("p.2", "say(mutex.acquire(block=False)); mutex.acquire(); say(mutex.abandoned, mutex.fence > 1)")
            self.assertEqual(run.programs["p.2"].stdout.readline(), "False\n")
            killed.kill()
            run.end("p.1", held="back", stream="abort", succeeded=False)
            self.assertEqual(run.end("p.2"), (0, "True True\n"))


if __name__ == "__main__":
    unittest.main()
