# SPDX-License-Identifier: MIT
# race: none
"""Threads import a module when they need it: whoever is first runs it, and the others come after."""

import importlib
import threading

begin = threading.Barrier(3)
results = []


def by_statement():
    begin.wait()
    import modules.counted

    results.append(modules.counted.use())


def by_name():
    begin.wait()
    from modules.counted import use

    results.append(use())


def by_function():
    begin.wait()
    results.append(importlib.import_module("modules.counted").use())


threads = [threading.Thread(target=work) for work in (by_statement, by_name, by_function)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(results)
