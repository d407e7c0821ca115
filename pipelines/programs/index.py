"""Computes the index of a tree once more, one file after the other, and compares."""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def confirm(folder: str, index: str) -> None:
    expected = {path: entry(Path(path)) for path in files(folder)}
    if json.loads(Path(index).read_text()) != expected:
        sys.exit("the index differs from what one process finds")
    print(f"confirmed {len(expected)} files")


def files(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = f"{parent}/{name}"
            if not name.startswith(".") and not os.path.islink(path):
                yield path


def entry(path: Path) -> dict:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
