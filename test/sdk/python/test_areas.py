"""Shared memory as a client has it. Any file can be an area."""

import json
import os
import tempfile
import unittest
from unittest import mock

from puppet import SDK  # noqa: F401
from forkline import wire
from forkline.areas import Areas

MEBIBYTE = 1024 * 1024


class Connection:
    def __init__(self):
        self.said = []

    def say(self, frame):
        self.said.append(frame)


class Memory(unittest.TestCase):
    def setUp(self):
        self.file = tempfile.NamedTemporaryFile()
        self.addCleanup(self.file.close)
        self.connection = Connection()
        self.areas = Areas(self.connection)
        self.addCleanup(self.areas.close)

    def lend(self, size):
        found = os.stat(self.file.name)
        body = {"area": 1, "path": self.file.name, "device": found.st_dev, "inode": found.st_ino, "bytes": size}
        self.areas.hear(wire.AREA, wire.LENT_AREA, 1, memoryview(json.dumps(body).encode()))

    def test_what_there_is_no_memory_for_keeps_none_of_it(self):
        self.lend(8 * MEBIBYTE)
        write = os.pwrite

        def pwrite(descriptor, data, at):
            left = 5 * MEBIBYTE - at
            if left <= 0:
                raise OSError("ENOSPC")
            return write(descriptor, memoryview(data)[:left], at)

        with mock.patch("os.pwrite", pwrite):
            self.assertFalse(self.areas.put(1, bytes(6 * MEBIBYTE), (0, None)))
        self.assertEqual(os.stat(self.file.name).st_size, 4 * MEBIBYTE)
        self.assertEqual(self.connection.said, [])


if __name__ == "__main__":
    unittest.main()
