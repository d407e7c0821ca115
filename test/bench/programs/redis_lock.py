"""The lock of a token in a Redis list, asked by a client that writes its protocol by hand: no library is in the way."""

import json
import socket
import sys

told = json.loads(sys.argv[2])
connection = socket.socket(socket.AF_UNIX)
connection.connect(told["socket"])
replies = connection.makefile("rb")


def ask(*words):
    parts = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    connection.sendall(b"*%d\r\n%s" % (len(words), parts))
    return read()


def read():
    line = replies.readline()
    kind, said = line[:1], line[1:-2]
    if kind == b"-":
        raise RuntimeError(said.decode())
    if kind in (b"+", b":"):
        return said
    length = int(said)
    if length < 0:
        return None
    if kind == b"*":
        return [read() for _ in range(length)]
    return replies.read(length + 2)[:-2]


ask(b"EVAL", b'if redis.call("setnx", "made", 1) == 1 then redis.call("rpush", "token", "t") end', b"0")
print("ready", flush=True)
sys.stdin.readline()
for _ in range(told["count"]):
    _, token = ask(b"BLPOP", b"token", b"0")
    ask(b"RPUSH", b"token", token)
print("{}", flush=True)
sys.stdin.readline()
