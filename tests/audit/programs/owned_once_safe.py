# SPDX-License-Identifier: MIT
# race: none
import threading

import owned


class Service:
    def __init__(self):
        self.name = None


def make():
    service = Service()
    service.name = "service"
    return owned.frozendict(name=service.name)


once = owned.Once()
lazy = owned.Lazy(make)
started = []


def use():
    once.call(make)
    started.append(lazy()["name"])


threads = [threading.Thread(target=use) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(started)
