"""Runs a function or a class of a Python file as a process of its own.

    python3 -m forkline.launch FILE EXPORT '{"args": [], "kwargs": {}}'     (or @FILE that holds this JSON)

The file is imported as the module it is, so that `pickle` and `multiprocessing` find what it defines; a function is
called, a class is constructed and its `run()` called. Ends as a Python script would: 1 after an exception, with its
traceback; by the signal after SIGTERM or Ctrl-C, but not before the broker has all that was put.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib
import inspect
import json
import os
import signal
import sys
import threading
from types import ModuleType, TracebackType
from typing import Any, NoReturn, Optional

from . import process, sigterm
from .interrupt import die_by

_fatal_signal: Optional[int] = None

#: Which signals this thread held back before it forked.
_mask = threading.local()


def main() -> None:
    if len(sys.argv) != 4:
        _refuse("usage: python3 -m forkline.launch FILE EXPORT CALL, where CALL is JSON or @FILE")
    # What is registered first is called last: after the goodbye.
    atexit.unregister(process.part_at_exit)
    atexit.register(_die_in_the_end)
    atexit.register(process.part_at_exit)
    signal.signal(signal.SIGTERM, sigterm.terminate)
    os.register_at_fork(before=_hold_back, after_in_parent=_let_through, after_in_child=_start_anew)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    file, export, call = sys.argv[1:]
    told = _read_call(call)
    sys.argv = [file]
    try:
        target = _target(_load(os.path.abspath(file)), file, export)
        _run(target, export, told.get("args", []), told.get("kwargs", {}))
    except SystemExit:
        raise
    except BaseException as error:
        error.__traceback__ = _without_ours(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        if isinstance(error, KeyboardInterrupt):
            global _fatal_signal
            _fatal_signal = signal.SIGINT
        sys.exit(1)


def _read_call(call: str) -> "dict[str, Any]":
    if call.startswith("@"):
        with open(call[1:], encoding="utf-8") as file:
            call = file.read()
    return json.loads(call)  # type: ignore[no-any-return]


def _load(path: str) -> ModuleType:
    """Imports the file under its own name, with its folder as the first place to look for what it imports."""
    folder, base = os.path.split(path)
    name = os.path.splitext(base)[0]
    # Here is the folder of the script that started this, or, after `python -m`, the working folder.
    sys.path[0] = folder
    importlib.invalidate_caches()
    if not os.path.isfile(path):
        _refuse(f"there is no file `{path}`")
    if "." not in name and name not in sys.modules:
        module = importlib.import_module(name)
        if os.path.realpath(getattr(module, "__file__", None) or "") == os.path.realpath(path):
            return module
        sys.modules.pop(name, None)
    # Its name is taken, by a module of Python's own or of ours: it runs all the same, under another one.
    return _load_as(f"forkline_target_{name.replace('.', '_')}", path)


def _load_as(name: str, path: str) -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        _refuse(f"`{path}` is not a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _target(module: ModuleType, file: str, export: str) -> Any:
    found = getattr(module, export, None)
    if found is None:
        names = [
            name
            for name, value in vars(module).items()
            if callable(value) and getattr(value, "__module__", None) == module.__name__
        ]
        there = f"it defines {', '.join(f'`{name}`' for name in names)}" if names else "it defines no function or class"
        _refuse(f"`{file}` has no `{export}`: {there}")
    if not callable(found):
        _refuse(f"`{export}` in `{file}` is of type `{type(found).__name__}`, and expected is a function or a class")
    if inspect.isclass(found) and not callable(getattr(found, "run", None)):
        _refuse(f"the class `{export}` in `{file}` has no method `run`")
    return found


def _run(target: Any, export: str, args: "list[Any]", kwargs: "dict[str, Any]") -> None:
    result = target(*args, **kwargs)
    if inspect.isclass(target):
        result = result.run()
    if inspect.iscoroutine(result):
        result = asyncio.run(result)
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        # Its body has not begun. That must not look like a success, and what it yields has nowhere to go.
        _refuse(
            f"`{export}` returned a generator, which runs only while something loops over it: "
            "as the target, name a function that does"
        )


def _refuse(message: str) -> NoReturn:
    sys.exit(f"forkline: {message}")


def _without_ours(trace: Optional[TracebackType]) -> Optional[TracebackType]:
    """The traceback from the first line of the program's own on."""
    ours = (__file__, importlib.__file__)
    while trace is not None and (
        trace.tb_frame.f_code.co_filename in ours or "importlib._bootstrap" in trace.tb_frame.f_code.co_filename
    ):
        trace = trace.tb_next
    return trace


def _hold_back() -> None:
    """A fork is near. A new child forgets what its handlers were called for in its first moments, so the signal waits."""
    _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _let_through() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask.before)


def _start_anew() -> None:
    """A child has nothing to say goodbye to until it has a session of its own, so till then it just dies when told to."""
    if signal.getsignal(signal.SIGTERM) is sigterm.terminate:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        process.when_opened(sigterm.mind)
    _let_through()


def _die_in_the_end() -> None:
    if _fatal_signal is not None:
        sigterm.flush_streams()
        die_by(_fatal_signal)


if __name__ == "__main__":
    main()
