# SPDX-License-Identifier: MIT
# race: none
import threading


class Thermometer:
    def __init__(self):
        self._lock = threading.Lock()
        self._degrees = 0

    @property
    def degrees(self):
        with self._lock:
            return self._degrees

    @degrees.setter
    def degrees(self, value):
        with self._lock:
            self._degrees = value


thermometer = Thermometer()


def heat():
    for degrees in range(50):
        thermometer.degrees = degrees


thread = threading.Thread(target=heat)
thread.start()
print(thermometer.degrees >= 0)
thread.join()
