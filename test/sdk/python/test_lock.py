"""Locks, with the broker played by hand."""

import json
import struct
import unittest

from puppet import LOCK, Puppet, wire


def grant(line, acquire, fence, abandoned=False):
    line.say(wire.GRANTED, 2, acquire.body + struct.pack(">Q", fence), flags=int(abandoned))


class Locks(unittest.TestCase):
    def test_with_holds_the_lock_and_releases_it_by_its_fence(self):
        with Puppet("with mutex: say(mutex.fence, mutex.abandoned)") as program:
            line = program.accept()
            grant(line, line.expect(wire.ACQUIRE), 7 << 40, abandoned=True)
            self.assertEqual(program.hear(), f"{7 << 40} True")
            release = line.expect(wire.RELEASE, flags=1)
            self.assertEqual(struct.unpack_from(">Q", release.body)[0], 7 << 40)
            line.part()

    def test_acquire_without_block_believes_the_broker(self):
        with Puppet("say(mutex.acquire(block=False), mutex.acquire(False))") as program:
            line = program.accept()
            acquire = line.expect(wire.ACQUIRE, flags=1)
            line.say(wire.REFUSED, 2, acquire.body)
            grant(line, line.expect(wire.ACQUIRE, flags=1), 1)
            self.assertEqual(program.hear(), "False True")

    def test_acquire_that_times_out_is_false_not_early_and_cancelled(self):
        code = """
            begun = time.monotonic()
            say(mutex.acquire(timeout=0.05), time.monotonic() - begun)
        """
        with Puppet(code) as program:
            line = program.accept()
            acquire = line.expect(wire.ACQUIRE)
            cancel = line.expect(wire.CANCEL)
            self.assertEqual(cancel.body, acquire.body)
            line.reply(cancel)
            held, took = program.hear().split()
            self.assertEqual(held, "False")
            self.assertGreaterEqual(float(took), 0.05)
            line.part()

    def test_a_grant_that_crosses_the_time_out_is_held(self):
        with Puppet("say(mutex.acquire(timeout=0.01)); mutex.release()") as program:
            line = program.accept()
            acquire = line.expect(wire.ACQUIRE)
            line.expect(wire.CANCEL)
            grant(line, acquire, 3)
            self.assertEqual(program.hear(), "True")
            line.expect(wire.RELEASE, flags=1)

    def test_a_grant_that_crosses_the_time_out_is_held_however_late_it_comes(self):
        code = """
            usual, later = time.monotonic, [0]
            time.monotonic = lambda: usual() + later[0]
            def wait():
                sys.stdin.readline()
                later[0] = 60
                say("a minute later")
            threading.Thread(target=wait).start()
            say(mutex.acquire(timeout=0.01))
            mutex.release()
        """
        with Puppet(code) as program:
            line = program.accept()
            acquire = line.expect(wire.ACQUIRE)
            line.expect(wire.CANCEL)
            program.tell("wait")
            self.assertEqual(program.hear(), "a minute later")
            # Whenever something is heard the clock is looked at.
            line.say(wire.PAUSED, 0, struct.pack(">I", 0))
            asked = struct.pack(">I", 1)
            line.say(wire.ASK, 0, asked)
            self.assertEqual(line.expect(wire.STUCK).body, asked)
            grant(line, acquire, 3)
            self.assertEqual(program.hear(), "True")
            line.expect(wire.RELEASE, flags=1)

    def test_a_grant_that_crosses_an_interrupt_is_given_back(self):
        code = """
            try: mutex.acquire()
            except KeyboardInterrupt: say("interrupted")
            try: mutex.fence
            except LockError as error: say(error)
        """
        with Puppet(code) as program:
            line = program.accept()
            acquire = line.expect(wire.ACQUIRE)
            program.process.send_signal(2)
            line.expect(wire.CANCEL)
            grant(line, acquire, 3)
            self.assertEqual(struct.unpack_from(">Q", line.expect(wire.RELEASE, flags=1).body)[0], 3)
            self.assertEqual(program.hear(), "interrupted")
            self.assertEqual(program.hear(), "lock `mutex` is not held by this process")

    def test_releasing_what_is_not_held_is_an_error(self):
        code = """
            try: mutex.release()
            except LockError as error: say(error)
        """
        with Puppet(code) as program:
            program.accept().part()
            self.assertEqual(program.hear(), "lock `mutex` is not held by this process, so it cannot release it")

    def test_what_was_put_under_the_lock_is_sent_before_it_is_free(self):
        with Puppet("with mutex:\n    for n in range(3): q.put(n)\nsys.stdin.read()") as program:
            line = program.accept()
            grant(line, line.expect(wire.ACQUIRE), 1)
            line.expect(wire.WANT)
            line.room(3)
            items = []
            while len(items) < 3:
                items += line.expect_items()
            line.expect(wire.RELEASE, flags=1)
            self.assertEqual(items, [b"0", b"1", b"2"])

    def test_any_thread_of_the_process_may_release_and_another_may_wait(self):
        code = """
            mutex.acquire()
            def second():
                with mutex: say("second", mutex.fence)
            thread = threading.Thread(target=second); thread.start()
            sys.stdin.readline()
            releasing = threading.Thread(target=mutex.release); releasing.start(); releasing.join()
            thread.join()
        """
        with Puppet(code) as program:
            line = program.accept()
            grant(line, line.expect(wire.ACQUIRE), 1)
            second = line.expect(wire.ACQUIRE)
            program.tell("go")
            self.assertEqual(struct.unpack_from(">Q", line.expect(wire.RELEASE, flags=1).body)[0], 1)
            grant(line, second, 2)
            self.assertEqual(program.hear(), "second 2")
            self.assertEqual(struct.unpack_from(">Q", line.expect(wire.RELEASE, flags=1).body)[0], 2)
            line.part()

    def test_readers_share_and_what_is_not_rw_is_not_taken_to_read(self):
        code = """
            with mutex.read(): say(mutex.fence)
            try: mutex.acquire(mode="reed")
            except ValueError as error: say(error)
            try: lock("till").acquire(mode="read")
            except LockError as error: say(error)
        """
        with Puppet(code, {**LOCK, "lock": "rw"}, {**LOCK, "id": 3, "name": "till"}) as program:
            line = program.accept()
            grant(line, line.expect(wire.ACQUIRE, flags=2), 4)
            self.assertEqual(program.hear(), "4")
            self.assertEqual(struct.unpack_from(">Q", line.expect(wire.RELEASE, flags=1).body)[0], 4)
            self.assertEqual(program.hear(), "a lock is taken with mode \"read\" or \"write\", not 'reed'")
            self.assertEqual(program.hear(), "lock `till` cannot be taken to read: it is not of `kind: rw`")
            line.part()

    def test_a_reentrant_lock_is_its_threads_own(self):
        code = """
            def other():
                try: mutex.release()
                except LockError as error: say(error)
                say(mutex.acquire(block=False))
            with mutex:
                with mutex: say(mutex.fence, mutex.acquire(timeout=0))
                mutex.release()
                thread = threading.Thread(target=other); thread.start(); thread.join()
            try: mutex.release()
            except LockError as error: say(error)
        """
        with Puppet(code, {**LOCK, "reentrant": True}) as program:
            line = program.accept()
            grant(line, line.expect(wire.ACQUIRE), 6)
            self.assertEqual(program.hear(), "6 True")
            message = "lock `mutex` is not held by this thread, so it cannot release it"
            self.assertEqual(program.hear(), message)
            acquire = line.expect(wire.ACQUIRE, flags=1)
            line.say(wire.REFUSED, 2, acquire.body)
            self.assertEqual(program.hear(), "False")
            self.assertEqual(struct.unpack_from(">Q", line.expect(wire.RELEASE, flags=1).body)[0], 6)
            self.assertEqual(program.hear(), message)
            line.part()

    def test_each_thread_that_holds_a_permit_gives_back_its_own(self):
        code = """
            inside, go = threading.Event(), threading.Event()
            def other():
                with mutex:
                    say(mutex.fence)
                    inside.set(); go.wait()
            with mutex:
                thread = threading.Thread(target=other); thread.start()
                inside.wait()
                say(mutex.fence)
            go.set(); thread.join()
        """
        with Puppet(code, {**LOCK, "lock": "semaphore"}) as program:
            line = program.accept()
            grant(line, line.expect(wire.ACQUIRE), 1)
            grant(line, line.expect(wire.ACQUIRE), 2)
            self.assertEqual(program.hear(), "2")
            self.assertEqual(program.hear(), "1")
            fences = [struct.unpack_from(">Q", line.expect(wire.RELEASE, flags=1).body)[0] for _ in range(2)]
            self.assertEqual(fences, [1, 2])
            line.part()

    def test_a_lock_that_nobody_owns_is_given_back_by_anybody(self):
        code = """
            mutex.release()
            try: mutex.release()
            except LockError as error: say(error)
        """
        with Puppet(code, {**LOCK, "owned": False}) as program:
            line = program.accept()
            release = line.expect(wire.RELEASE)
            self.assertEqual(struct.unpack_from(">Q", release.body)[0], 0)
            line.reply(release)
            release = line.expect(wire.RELEASE)
            request = struct.unpack_from(">I", release.body, 8)[0]
            told = {"code": "not-held", "message": "nobody holds this lock", "request": request}
            line.say(wire.ERROR, 2, json.dumps(told).encode())
            self.assertEqual(program.hear(), "nobody holds this lock")
            line.part()

    def test_a_forked_process_owns_nothing_of_its_parents_locks(self):
        code = """
            mutex.acquire()
            child = os.fork()
            if child == 0:
                try: mutex.fence
                except LockError as error: say(error)
                try: mutex.release()
                except LockError as error: say(error)
                os._exit(0)
            os.waitpid(child, 0)
            say(mutex.fence)
            mutex.release()
        """
        with Puppet(code) as program:
            line = program.accept()
            grant(line, line.expect(wire.ACQUIRE), 5)
            self.assertEqual(program.hear(), "lock `mutex` is not held by this process")
            program.accept()
            self.assertEqual(program.hear(), "lock `mutex` is not held by this process, so it cannot release it")
            self.assertEqual(program.hear(), "5")
            self.assertEqual(struct.unpack_from(">Q", line.expect(wire.RELEASE, flags=1).body)[0], 5)
            line.part()
