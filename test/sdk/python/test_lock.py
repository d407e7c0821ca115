"""Locks, with the broker played by hand."""

import struct
import unittest

from puppet import Puppet, wire


def grant(line, acquire, fence, abandoned=False):
    line.say(wire.GRANTED, 2, acquire.body + struct.pack(">Q", fence), flags=int(abandoned))


class Locks(unittest.TestCase):
    def test_with_holds_the_lock_and_releases_it_by_its_fence(self):
        with Puppet("with mutex: say(mutex.fence, mutex.abandoned)") as program:
            line = program.accept()
            grant(line, line.expect(wire.ACQUIRE), 7 << 40, abandoned=True)
            self.assertEqual(program.hear(), f"{7 << 40} True")
            release = line.expect(wire.RELEASE)
            self.assertEqual(struct.unpack_from(">Q", release.body)[0], 7 << 40)
            line.reply(release)
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
            line.expect(wire.RELEASE)

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
            self.assertEqual(struct.unpack_from(">Q", line.expect(wire.RELEASE).body)[0], 3)
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
            line.expect(wire.RELEASE)
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
            self.assertEqual(struct.unpack_from(">Q", line.expect(wire.RELEASE).body)[0], 1)
            grant(line, second, 2)
            self.assertEqual(program.hear(), "second 2")
            self.assertEqual(struct.unpack_from(">Q", line.expect(wire.RELEASE).body)[0], 2)
            line.part()
