"""`output(name, value)`: what this process tells those who need it."""

from __future__ import annotations

import json
from typing import Any

from . import process, wire
from .encoding import to_json
from .errors import NotGranted, OutputTooLarge
from .request import ask_run

__all__ = ["output"]

#: `{"name":,"value":}`
_FRAMING = 18


class _Setter:
    """It keeps nothing that a forked child would have to forget."""

    def unbind(self) -> None:
        pass


_setter = _Setter()


def output(name: str, value: Any) -> None:
    """Sets one of the `outputs` of this process: any JSON value. Returns once the run has it; the last value of a name counts.

    Those who need this process read it as `${{ processes.NAME.outputs.KEY }}`. Raises NotGranted where the pipeline does not
    declare it, TypeError or ValueError where it is not JSON, and OutputTooLarge.
    """
    try:
        text = to_json(value)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("the item", "the output", 1)) from None
    key = json.dumps(name, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(text) + len(key) + _FRAMING > wire.LONGEST_OUTPUT:
        raise OutputTooLarge(
            f"the output `{name}` is larger than 1 MiB as JSON: write it to a file, and make its path the output"
        )
    session = process.session(_setter)
    outputs = session.welcome.get("outputs", [])
    if name not in outputs:
        known = ", ".join(f"`{each}`" for each in outputs) or "none"
        who = process.current_process().name
        raise NotGranted(f"the pipeline does not let `{who}` set the output `{name}`: its `outputs` are {known}")
    body = b'{"name":' + key + b',"value":' + text + b"}"
    ask_run(session, wire.OUTPUT, body)
