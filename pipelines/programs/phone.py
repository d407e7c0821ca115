"""The other end: answers until the one who asks has hung up."""

from forkline import pipe


def answer() -> None:
    line, tally = pipe("line"), pipe("tally")
    try:
        while True:
            question = line.recv()
            tally.send(len(question))
            line.send(question.upper())
    except EOFError:
        print("hung up")
