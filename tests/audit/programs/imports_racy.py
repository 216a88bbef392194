# SPDX-License-Identifier: MIT
# race: certain modules.counted.used
"""A module is imported once, and what its functions do afterwards is ordered by nothing."""

import threading

begin = threading.Barrier(2)


def work():
    begin.wait()
    from modules import counted

    counted.count()


threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
