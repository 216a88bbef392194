# SPDX-License-Identifier: MIT
# race: certain Alarm.rang
import threading


class Alarm:
    def __init__(self):
        self.rang = False

    def ring(self):
        self.rang = True


alarm = Alarm()
timer = threading.Timer(0.001, alarm.ring)
timer.start()
print(alarm.rang in (False, True))
timer.join()
