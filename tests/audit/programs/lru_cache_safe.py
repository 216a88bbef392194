# SPDX-License-Identifier: MIT
# race: none
import functools
import threading


class Table:
    def __init__(self):
        self.rows = []


@functools.lru_cache(maxsize=8)
def table(name):
    made = Table()
    made.rows = [name, name]
    return made


thread = threading.Thread(target=table, args=("users",))
thread.start()
while table.cache_info().currsize == 0:
    pass
print(table("users").rows)
thread.join()
