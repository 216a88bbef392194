# SPDX-License-Identifier: MIT
"""Freezing while other threads look on."""

from __future__ import annotations

import os
import threading

import owned
from crowd import crowd


def test_readers_of_a_wrapper_that_is_being_frozen() -> None:
    """Until it is frozen they are refused, from then on they read; the inside that is replaced is let go of safely."""
    readers, rounds = 4, 20 * int(os.environ.get("OWNED_STRESS", "1"))
    refused = read = 0
    gate = threading.Barrier(readers + 1)
    target = owned.own([0, 1, 2])
    count = threading.Lock()

    def reader(number: int) -> None:
        nonlocal target, refused, read
        for turn in range(rounds):
            if number == readers:
                target = owned.own([turn, 1, 2])
            gate.wait(30)
            if number == readers:
                owned.freeze(target)
            else:
                tries = 0
                while True:
                    try:
                        assert (len(target), target[0]) == (3, turn)
                        break
                    except owned.WrongThreadError:
                        tries += 1
                with count:
                    refused += tries
                    read += 1
            gate.wait(30)

    crowd(readers + 1, reader)
    assert read == readers * rounds
    assert refused > 0
