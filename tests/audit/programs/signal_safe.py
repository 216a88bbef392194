# SPDX-License-Identifier: MIT
# race: none
import os
import signal

caught = 0


def catch(number, frame):
    global caught
    caught += 1


signal.signal(signal.SIGUSR1, catch)
for _ in range(3):
    os.kill(os.getpid(), signal.SIGUSR1)
    caught += 1
while caught < 6:
    pass
print(caught)
