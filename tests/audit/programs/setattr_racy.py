# SPDX-License-Identifier: MIT
# race: certain Config.debug
# race: certain Config.level
import threading


class Config:
    def __init__(self):
        self.debug = False
        self.level = 1


config = Config()


def change():
    setattr(config, "debug", True)  # noqa: B010
    vars(config)["level"] = 2


def look():
    print(getattr(config, "debug"), config.__dict__["level"])  # noqa: B009


threads = [threading.Thread(target=change), threading.Thread(target=look)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
