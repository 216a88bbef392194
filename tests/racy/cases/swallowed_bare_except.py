# SPDX-License-Identifier: MIT
"""A bare `except` swallows the violation with everything else."""

import threading

import owned

ERROR = "WrongThreadError"


def test_racy():
    """The worker catches all and goes on with an empty answer."""
    prices = owned.Dict(tea=3)
    answers = []

    def ask():
        try:
            answers.append(prices["tea"])
        except:  # noqa: E722
            answers.append(0)

    worker = threading.Thread(target=ask)
    worker.start()
    worker.join()
    assert answers == [0]


def test_right():
    """The prices are frozen: there is nothing to swallow."""
    prices = owned.freeze(owned.Dict(tea=3))
    answers = []
    worker = threading.Thread(target=lambda: answers.append(prices["tea"]))
    worker.start()
    worker.join()
    assert answers == [3]
