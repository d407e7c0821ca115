"""What an item's bytes mean: `json`, `text`, `bytes` or `pickle`, as the queue says.

Encoding refuses what the other side could not read back, where it was put: `TypeError` for a value of the wrong kind,
`ValueError` for one that cannot be written down. Nothing here is asynchronous, so the error stands in the caller's line.
"""

from __future__ import annotations

import json
import math
import pickle
import re
from typing import Any, Callable, NamedTuple

__all__ = ["Encoding", "encodings", "refusal", "to_json"]

Path = "tuple[Any, ...]"

#: Beyond this, programs in other languages would read another number: 2^53 itself is also what 2^53 + 1 is read as.
_LARGEST_INTEGER = 2**53 - 1


#: As deep as lists and dicts may stand in each other: this is read by every program, wherever it calls `get` from.
_MOST_LEVELS = 500

#: Every Python that Forkline runs with reads this, whichever one wrote it.
_PICKLE = 5


class Encoding(NamedTuple):
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


_json_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_HALF = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_json_whole = json.JSONDecoder()
_json_start = _json_whole.raw_decode


def to_json(value: Any) -> bytes:
    """Raises what `put` of a value that is not JSON raises."""
    kind = type(value)
    if kind is not str and kind is not bool and value is not None:
        try:
            _check(value, ())
        except RecursionError:
            raise ValueError(f"the item is nested more than {_MOST_LEVELS} levels deep, or contains itself") from None
    text = _json_text(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # A half alone is carried as JavaScript does. Two that make a pair would come out as one character.
        if _PAIR.search(text):
            raise
        return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode()


def _from_json(data: bytes) -> Any:
    text = data.decode()
    value, end = _json_start(text) if text[:1] not in " \t\r\n" else (None, -1)
    return value if end == len(text) else _json_whole.decode(text)


def _check(value: Any, path: Path) -> None:
    """Refuses what `json` would let through, or turn into something else without a word."""
    if isinstance(value, str) or value is None or value is True or value is False:
        return
    if isinstance(value, int):
        if not -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:
            raise ValueError(f"{_place(path)} is an integer beyond 2^53, which JSON cannot carry: {_shown(value)}")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{_place(path)} is {value}, which is not JSON")
    elif len(path) >= _MOST_LEVELS and isinstance(value, (dict, list, tuple)):
        raise RecursionError
    elif isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{_place(path)} has the key {key!r}, and the keys of a JSON object are strings")
            _check(member, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            _check(member, (*path, index))
    else:
        raise TypeError(f"{_place(path)} is of type `{type(value).__name__}`, which is not JSON")


def _shown(value: int) -> str:
    # Python itself refuses to write down the longest ones.
    bits = value.bit_length()
    return str(value) if bits < 256 else f"one of {bits} bits"


def _place(path: Path) -> str:
    return "the item" if not path else "item" + "".join(f"[{step!r}]" for step in path)


def refusal(value: Any, error: Exception) -> Exception:
    """What went wrong in an encoder of Python's own, in our words."""
    if isinstance(error, UnicodeEncodeError):
        return ValueError(f"half of a surrogate pair is not text: {error.object[error.start]!r}")
    if isinstance(error, TypeError) and "'encode' for 'str'" in str(error):
        return TypeError(f"this queue carries text, so expected `str` and got `{type(value).__name__}`")
    return error


def _to_bytes(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    try:
        return memoryview(value).tobytes()
    except TypeError:
        raise TypeError(f"this queue carries bytes, so expected `bytes` and got `{type(value).__name__}`") from None


def _from_bytes(data: bytes) -> bytes:
    return data


def _to_pickle(value: Any) -> bytes:
    try:
        return pickle.dumps(value, protocol=_PICKLE)
    except RecursionError:
        raise ValueError("the item is nested too deeply to be pickled") from None
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(f"`{type(value).__name__}` cannot be pickled: {error}") from error


#: By the name of the queue's `encoding`.
encodings = {
    "json": Encoding(to_json, _from_json),
    "text": Encoding(str.encode, bytes.decode),
    "bytes": Encoding(_to_bytes, _from_bytes),
    "pickle": Encoding(_to_pickle, pickle.loads),
}
