"""Signals whose handlers raise, at every step into and out of the lines that they are kept out of."""

import dis
import signal
import sys
import threading
import unittest
from unittest import mock

from puppet import SDK  # noqa: F401

from forkline import interrupt
from forkline.interrupt import Exclusive


def late(*_):
    raise TimeoutError


def calls(frame):
    """Whether it is about to call something: right before and right after that, Python looks for signals."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]].startswith("CALL")


class AtEveryStep(unittest.TestCase):
    def setUp(self):
        for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGALRM, late)):
            self.addCleanup(signal.signal, number, signal.signal(number, handler))

    def test_one_is_heard_once_and_everything_is_as_it_was_then(self):
        for number, error in ((signal.SIGINT, KeyboardInterrupt), (signal.SIGALRM, TimeoutError)):
            step = 0
            while self.strikes_at(step, number, error):
                step += 1
            self.assertGreater(step, 20)

    def strikes_at(self, step, number, error):
        lock = threading.RLock()
        exclusive = Exclusive(lock)
        left, calling = [step], [False]

        def trace(frame, event, _):
            if frame.f_code.co_filename != interrupt.__file__:
                return None
            frame.f_trace_opcodes = True
            if event == "call":
                calling[0] = False
            if event == "call" or event == "opcode" and (calls(frame) or calling[0]):
                left[0] -= 1
                if left[0] == -1:
                    signal.raise_signal(number)
            if event == "opcode":
                calling[0] = calls(frame)
            return trace

        heard, whole = 0, False
        sys.settrace(trace)
        try:
            with exclusive:
                whole = True
        except error:
            heard = 1
        finally:
            sys.settrace(None)
        struck = left[0] < 0
        self.assertEqual(heard, 1 if struck else 0, f"at step {step}")
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler, f"at step {step}")
        self.assertIs(signal.getsignal(signal.SIGALRM), late, f"at step {step}")
        self.assertFalse(lock._is_owned(), f"at step {step}")
        self.assertFalse(exclusive._entered, f"at step {step}")
        self.assertTrue(whole or struck)
        return struck


class Several(unittest.TestCase):
    def setUp(self):
        self.alarms = []
        for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGALRM, self.alarm)):
            self.addCleanup(signal.signal, number, signal.signal(number, handler))
        self.exclusive = Exclusive(threading.RLock())

    def alarm(self, *_):
        self.alarms.append(1)

    def test_one_that_waits_is_left_alone_by_a_call_of_the_handler_of_another(self):
        with self.assertRaises(KeyboardInterrupt), self.exclusive:
            signal.raise_signal(signal.SIGINT)
            with self.assertRaisesRegex(RuntimeError, "in the midst"):
                self.exclusive.__enter__()

    def test_all_that_wait_are_heard_though_the_first_raises(self):
        with self.assertRaises(KeyboardInterrupt), self.exclusive:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGALRM)
            signal.raise_signal(signal.SIGALRM)
        self.assertEqual(self.alarms, [1])

    def test_one_that_waits_is_heard_though_another_strikes_as_soon_as_that_may(self):
        let_through = interrupt._set_handler

        def strike(number, handler):
            let_through(number, handler)
            if handler is signal.default_int_handler:
                signal.raise_signal(signal.SIGINT)

        with mock.patch.object(interrupt, "_set_handler", strike):
            with self.assertRaises(KeyboardInterrupt), self.exclusive:
                signal.raise_signal(signal.SIGALRM)
        self.assertEqual(self.alarms, [1])
