"""厨师: cooks, and puts what is done into the steamer."""

from forkline import queue


def cook(dish: str, portions: int) -> None:
    steamer = queue("蒸笼")
    for number in range(1, portions + 1):
        steamer.put(f"第{number}个{dish}")
        print(f"做好了第{number}个{dish}")
