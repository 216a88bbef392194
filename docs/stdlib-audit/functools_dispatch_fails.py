# SPDX-License-Identifier: MIT
"""functools: a call of a `singledispatch` function fails while another thread registers something with it.

A call with a new type goes through the dictionary of what is registered, to which `register()` adds. A class that
answers slowly whether the type is one of its own holds the window open here.
"""

import abc
import functools
import sys
import threading

looking, registered = threading.Event(), threading.Event()
errors = []


class Slow(abc.ABC):
    """Waits when it is asked for its subclasses."""

    @classmethod
    def __subclasshook__(cls, other):
        if threading.current_thread().name == "calls":
            looking.set()
            registered.wait(10)
        return False

    @abc.abstractmethod
    def method(self):
        """What makes it abstract."""


class Argument:
    """What the function is called with."""


class Other:
    """What somebody else registers."""


@functools.singledispatch
def function(argument):
    return "default"


def call():
    try:
        function(Argument())
    except RuntimeError as error:
        errors.append(error)


function.register(Slow, lambda argument: "slow")
calls = threading.Thread(target=call, name="calls")
calls.start()
looking.wait()
function.register(Other, lambda argument: "other")
registered.set()
calls.join()
if errors:
    sys.exit(f"function() raised {errors[0]!r}")
