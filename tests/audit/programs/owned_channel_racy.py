# SPDX-License-Identifier: MIT
# race: certain Parcel.stamps
import threading

import owned


class Parcel:
    def __init__(self):
        self.stamps = 0


channel = owned.Channel(unguarded="pass")


def send():
    parcel = Parcel()
    channel.put(parcel)
    parcel.stamps = 2


thread = threading.Thread(target=send)
thread.start()
channel.get().stamps += 1
thread.join()
