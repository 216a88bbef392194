# SPDX-License-Identifier: MIT
"""unchecked(): no checks on this thread, while it lasts."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import owned
from guarded import Bag, Node


def test_lets_this_thread_touch_anything(elsewhere: Any) -> None:
    """Private, shared and moved objects alike, reads and writes."""
    node, bag = Node("private"), Bag(x=1)
    shared = owned.share(Node("shared"))
    moved = Node("moved")
    parcel = owned.move(moved)

    def tool() -> list[Any]:
        with owned.unchecked():
            node.name = "seen"
            bag.x = 2
            return [node.name, bag.x, shared.name, moved.name]

    assert elsewhere(tool) == ["seen", 2, "shared", "moved"]
    assert parcel.claim().name == "moved"


def test_only_this_thread() -> None:
    """A thread beside it is checked as ever."""
    node = Node()
    inside, done = threading.Barrier(2), threading.Barrier(2)
    refused: list[bool] = []

    def checked() -> None:
        inside.wait(30)
        try:
            node.name
        except owned.WrongThreadError:
            refused.append(True)
        done.wait(30)

    thread = threading.Thread(target=checked)
    thread.start()
    with owned.unchecked():
        inside.wait(30)
        done.wait(30)
    thread.join(30)
    assert refused == [True]


def test_nests_and_ends(elsewhere: Any) -> None:
    """Checks are back when the outermost block is closed, also after an exception."""
    node = Node()

    def tool() -> None:
        block = owned.unchecked()
        with block, block:
            pass
        with pytest.raises(ZeroDivisionError), block:
            1 / 0
        with pytest.raises(owned.WrongThreadError):
            node.name
        with pytest.raises(RuntimeError, match="no `with unchecked"):
            block.__exit__(None, None, None)

    elsewhere(tool)
