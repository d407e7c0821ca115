"""Work as a class: constructed with the `args` of the pipeline, then run, in a process of its own."""

import time


class Worker:
    def __init__(self, number: int) -> None:
        self.number = number

    def run(self) -> None:
        print(f"worker {self.number} starts")
        time.sleep(0.1)
        print(f"worker {self.number} ends")
