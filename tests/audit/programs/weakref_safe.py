# SPDX-License-Identifier: MIT
# race: none
import threading
import weakref


class Node:
    pass


dead = 0
lock = threading.Lock()


def note(reference):
    global dead
    with lock:
        dead += 1


def use():
    node = Node()
    reference = weakref.ref(node, note)
    del node
    assert reference() is None


threads = [threading.Thread(target=use) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(dead)
