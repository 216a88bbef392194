# SPDX-License-Identifier: MIT
# race: possible main.state
import os
import threading


def main():
    state = "new"
    lock = threading.Lock()
    is_set, tell = os.pipe()

    def change():
        nonlocal state
        state = "old"
        with lock:
            pass
        os.write(tell, b"x")

    thread = threading.Thread(target=change)
    thread.start()
    os.read(is_set, 1)
    with lock:
        pass
    print(state)
    thread.join()


main()
