# SPDX-License-Identifier: MIT
# race: none
import threading

import owned


class Parcel:
    def __init__(self):
        self.stamps = 0


channel = owned.Channel(unguarded="pass")


def send():
    for _ in range(5):
        parcel = Parcel()
        parcel.stamps = 2
        channel.put(parcel)
    channel.close()


thread = threading.Thread(target=send)
thread.start()
total = 0
for parcel in channel:
    parcel.stamps += 1
    total += parcel.stamps
print(total)
thread.join()
