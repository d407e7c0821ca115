"""What items may be, and what is refused where it is put."""

import array
import threading
import unittest

from puppet import SDK  # noqa: F401
from forkline.encoding import encodings, refusal


def outcome(encoding, value):
    try:
        return encodings[encoding].encode(value)
    except (TypeError, ValueError) as error:
        return refusal(value, error)


class Encodings(unittest.TestCase):
    def test_values_come_out_as_they_went_in(self):
        json = [None, True, 0, -(2**53 - 1), 2**53 - 1, 1.5, "", "包子 \U0001f95f \\ \" \n", [], {}, {"a": [1, {"b": None}]}]
        for encoding, values in {
            "json": json,
            "text": ["", "包子\0"],
            "bytes": [b"", bytes(range(256))],
            "pickle": [*json, {1: (2, {3})}, 2**70],
        }.items():
            for value in values:
                with self.subTest(f"{encoding} {value!r}"):
                    self.assertEqual(encodings[encoding].decode(encodings[encoding].encode(value)), value)

    def test_json_is_500_levels_deep_at_most(self):
        deep = 1
        for level in range(500):
            deep = [deep] if level % 2 == 0 else {"a": deep}
        self.assertEqual(encodings["json"].decode(outcome("json", deep)), deep)
        for value in ([deep], {"a": deep}):
            error = outcome("json", value)
            self.assertIs(type(error), ValueError)
            self.assertIn("nested more than 500 levels deep", str(error))

    def test_half_of_a_surrogate_pair_is_carried_by_json_and_by_nothing_else(self):
        self.assertEqual(outcome("json", {"\ud800": ["a\udfff"]}), b'{"\\ud800":["a\\udfff"]}')
        self.assertEqual(encodings["json"].decode(b'"\\ud800"'), "\ud800")
        self.assertIs(type(outcome("text", "\ud800")), ValueError)

    def test_an_integer_that_python_would_not_write_down_is_refused_in_the_same_words(self):
        self.assertEqual(
            str(outcome("json", [-(10**5000)])),
            "item[0] is an integer beyond 2^53, which JSON cannot carry: one of 16610 bits",
        )

    def test_a_float_is_carried_as_one_however_large(self):
        for value in (1e17, 2.0**53, -1e300, 1e-320, 0.1 + 0.2):
            self.assertEqual(repr(encodings["json"].decode(outcome("json", value))), repr(value))

    def test_json_is_compact_utf_8_that_is_not_escaped(self):
        self.assertEqual(outcome("json", {"dish": ["包子", 1, None]}), '{"dish":["包子",1,null]}'.encode())
        self.assertEqual(outcome("json", (1, 2)), b"[1,2]")

    def test_what_others_write_around_json_is_read(self):
        self.assertEqual(encodings["json"].decode(b' [1, "a"]\n'), [1, "a"])
        self.assertRaises(ValueError, encodings["json"].decode, b"1 2")
        self.assertRaises(ValueError, encodings["json"].decode, b"")

    def test_what_is_not_json_is_refused_with_its_place(self):
        loop = []
        loop.append(loop)
        for value, kind, words in (
            (float("nan"), ValueError, "the item is nan, which is not JSON"),
            ({"a": [0, float("inf")]}, ValueError, "item['a'][1] is inf"),
            (2**53, ValueError, "the item is an integer beyond 2^53"),
            (-(2**53), ValueError, "the item is an integer beyond 2^53"),
            ({"a": [2**53]}, ValueError, "item['a'][0] is an integer beyond 2^53"),
            ({"a": {1: 2}}, TypeError, "item['a'] has the key 1"),
            ({"a": {2}}, TypeError, "item['a'] is of type `set`"),
            (b"bytes", TypeError, "the item is of type `bytes`"),
            (object(), TypeError, "the item is of type `object`"),
            ("\ud83d\ude00", ValueError, "half of a surrogate pair"),
            (loop, ValueError, "contains itself"),
        ):
            with self.subTest(words):
                error = outcome("json", value)
                self.assertIsInstance(error, kind)
                self.assertIn(words, str(error))

    def test_text_and_bytes_take_nothing_else(self):
        for encoding, value, kind, words in (
            ("text", b"a", TypeError, "expected `str` and got `bytes`"),
            ("text", None, TypeError, "expected `str` and got `NoneType`"),
            ("text", "\ud800", ValueError, "half of a surrogate pair"),
            ("bytes", "a", TypeError, "expected `bytes` and got `str`"),
            ("bytes", 5, TypeError, "expected `bytes` and got `int`"),
        ):
            with self.subTest(f"{encoding} {value!r}"):
                error = outcome(encoding, value)
                self.assertIs(type(error), kind)
                self.assertIn(words, str(error))

    def test_bytes_are_whatever_lies_in_memory(self):
        for value in (b"ab", bytearray(b"ab"), memoryview(b"xaxb")[1::2], array.array("B", b"ab")):
            with self.subTest(repr(value)):
                self.assertEqual(outcome("bytes", value), b"ab")

    def test_what_cannot_be_pickled_is_refused_where_it_is_put(self):
        for value in (lambda: 1, threading.Lock(), type("Local", (), {})()):
            with self.subTest(repr(value)):
                error = outcome("pickle", value)
                self.assertIs(type(error), TypeError)
                self.assertIn("cannot be pickled", str(error))
        deep: "list[object]" = []
        for _ in range(5_000):
            deep = [deep]
        self.assertIs(type(outcome("pickle", deep)), ValueError)

    def test_bytes_that_change_later_are_put_as_they_are_now(self):
        value = bytearray(b"now")
        data = outcome("bytes", value)
        value[:] = b"new"
        self.assertEqual(data, b"now")


if __name__ == "__main__":
    unittest.main()
