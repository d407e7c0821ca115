"""Starts `forkline.launch` with nothing of the program's to import from: `python -m` would look into the working folder
first, and a `numbers.py` or `queue.py` there would stand in for Python's own.
"""

from forkline.launch import main

if __name__ == "__main__":
    main()
