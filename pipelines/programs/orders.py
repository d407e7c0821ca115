from forkline import ItemRefused, queue


def order(orders):
    for one in orders:
        try:
            queue("orders").put(one)
            print("ordered")
        except ItemRefused as error:
            print(f"refused: {error.path or 'it'} {error.reason}")


def cook():
    for order in queue("orders"):
        print(f"{order['portions']} {order['dish']}")
