# SPDX-License-Identifier: MIT
# race: none
import threading


class Config:
    def __init__(self):
        self.names = ["a", "b"]
        self.ports = {"http": 80}


config = Config()


def use():
    print(len(config.names), config.ports["http"], [name for name in config.names])


threads = [threading.Thread(target=use) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
