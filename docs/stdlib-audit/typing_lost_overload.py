# SPDX-License-Identifier: MIT
"""typing: an overload that one thread registers is lost when another thread registers one for the same module.

`overload()` keeps functions in dictionaries that a `defaultdict` makes when they are missing. Two threads make one
each, and the one that is stored last takes the place of the other, with what is put into that. The name of a module
that is hashed slowly holds the window open here.
"""

import sys
import threading
import typing

both_made = threading.Barrier(2)


class Name(str):
    """It is hashed to look for the dictionary, and again to store the one that was made."""

    times = 0
    __eq__ = str.__eq__

    def __hash__(self):
        self.times += 1
        if self.times == 2:
            both_made.wait()
        return str.__hash__(self)


def one():
    pass


def other():
    pass


one.__module__, other.__module__ = Name("module"), Name("module")
threads = [threading.Thread(target=typing.overload, args=(function,)) for function in (one, other)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
lost = [function.__name__ for function in (one, other) if not typing.get_overloads(function)]
if lost:
    sys.exit(f"the overload of {' and '.join(lost)}() is lost")
