from forkline import output


def label(word: str) -> None:
    output("word", word.upper())
