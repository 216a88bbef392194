# SPDX-License-Identifier: MIT
# race: none
import threading

alarms = []


class Alarm:
    def __init__(self):
        self.rang = False

    def ring(self):
        self.rang = True
        alarms.append(self)


alarm = Alarm()
timer = threading.Timer(0.001, alarm.ring)
timer.start()
timer.join()
print(alarm.rang, len(alarms))
