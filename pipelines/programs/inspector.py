"""Looks through /proc (Linux) for what this run should not have: zombies, and processes of those that have ended."""

import os
import sys
from pathlib import Path


def inspect(ended: str) -> None:
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    ours = {int(path.name) for path in processes if belongs(path, "FORKLINE_RUN_ID", os.environ["FORKLINE_RUN_ID"])}
    zombies = [path.name for path in processes if is_zombie(path, parents=ours | {os.getppid()})]
    orphans = [path.name for path in processes if belongs(path, "FORKLINE_PROCESS", ended) and int(path.name) in ours]
    print(f"zombies: {len(zombies)}, orphans: {len(orphans)}")
    sys.exit(1 if zombies or orphans else 0)


def belongs(process: Path, variable: str, value: str) -> bool:
    return f"{variable}={value}".encode() in read(process / "environ").split(b"\0")


def is_zombie(process: Path, parents: set[int]) -> bool:
    # "pid (name) state parent …", and the name may hold anything.
    state, parent = read(process / "stat").rpartition(b")")[2].split()[:2] or (b"", b"0")
    return state == b"Z" and int(parent) in parents


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # It has ended meanwhile.
        return b""
