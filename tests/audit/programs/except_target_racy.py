# SPDX-License-Identifier: MIT
# race: certain __main__.error
import threading

error = None


def fail():
    global error
    try:
        raise ValueError
    except ValueError as error:  # noqa: F841
        pass


threads = [threading.Thread(target=fail) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
