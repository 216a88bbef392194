# SPDX-License-Identifier: MIT
"""`lru_cache` gives every thread the object that was made for the first one."""

import functools
import threading

import owned

ERROR = "WrongThreadError"


@functools.lru_cache
def load(name):
    return owned.Dict(name=name)


@functools.lru_cache
def load_frozen(name):
    return owned.freeze(owned.Dict(name=name))


def test_racy():
    """The cache is safe to call from many threads; what comes out of it is not."""
    load("a")
    worker = threading.Thread(target=lambda: load("a").update(size=1))
    worker.start()
    worker.join()


def test_right():
    """What is cached is frozen."""
    load_frozen("a")
    names = []
    worker = threading.Thread(target=lambda: names.append(load_frozen("a")["name"]))
    worker.start()
    worker.join()
    assert names == ["a"]
