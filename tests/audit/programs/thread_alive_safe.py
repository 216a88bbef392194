# SPDX-License-Identifier: MIT
# race: none
import threading

answer = None


def work():
    global answer
    answer = 42


thread = threading.Thread(target=work)
thread.start()
while thread.is_alive():
    pass
print(answer)
