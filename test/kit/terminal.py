# A terminal with an interactive shell in it: what comes on stdin is typed, what is shown goes to stdout.
import os
import pty
import select
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(PS1="$ ", NO_COLOR="1")
    os.environ.pop("FORCE_COLOR", None)
    os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
typed = True
while True:
    ready, _, _ = select.select([terminal, 0] if typed else [terminal], [], [])
    if 0 in ready:
        keys = os.read(0, 65536)
        typed = keys != b""
        os.write(terminal, keys or b"\x04")
    if terminal in ready:
        try:
            shown = os.read(terminal, 65536)
        except OSError:
            break
        os.write(1, shown)
os.waitpid(pid, 0)
