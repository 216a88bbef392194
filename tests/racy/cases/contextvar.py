# SPDX-License-Identifier: MIT
"""A context that was copied for another thread holds the same objects."""

import contextvars
import threading

import owned

ERROR = "WrongThreadError"

request = contextvars.ContextVar("request")


def run_on_worker(function):
    worker = threading.Thread(target=contextvars.copy_context().run, args=(function,))
    worker.start()
    worker.join()


def test_racy():
    """The copy is of the context, not of what is in it."""
    token = request.set(owned.Dict(user="ada"))
    run_on_worker(lambda: request.get().update(user="eve"))
    request.reset(token)


def test_right():
    """What travels with the context is frozen."""
    token = request.set(owned.freeze(owned.Dict(user="ada")))
    users = []
    run_on_worker(lambda: users.append(request.get()["user"]))
    request.reset(token)
    assert users == ["ada"]
