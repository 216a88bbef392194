from queue import Queue
from threading import Thread

from owned import List, Parcel, move

kitchen: Queue[Parcel[List[str]]] = Queue()


def cook() -> None:
    order = kitchen.get().claim()  # from here on it is the cook's
    order.append("cooked")
    print("an order,", ", then ".join(order))


Thread(target=cook, name="cook").start()
kitchen.put(move(List(["taken", "sent"])))  # made here, and given away
