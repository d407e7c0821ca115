"""Takes folders, and puts the folders and the files that are in them, as walk.ts does."""

import os

from forkline import queue


def walk() -> None:
    folders = queue("folders")
    files = queue("files")
    count = 0
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.put(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    files.put(entry.path)
        count += 1
    print(f"walked through {count} folders")
