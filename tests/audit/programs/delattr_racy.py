# SPDX-License-Identifier: MIT
# race: certain Session.user
import threading


class Session:
    def __init__(self):
        self.user = "me"


session = Session()


def leave():
    del session.user


def look():
    try:
        print(session.user)
    except AttributeError:
        print("gone")


threads = [threading.Thread(target=leave), threading.Thread(target=look)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
