# SPDX-License-Identifier: MIT
"""``freeze(obj, immortal=True)``: what is frozen is not counted any more, and not collected."""

from __future__ import annotations

import gc
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from typing import Any

import pytest

import owned
from guarded import Node

LIMIT = 60
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
counted_only = pytest.mark.skipif(sys.version_info < (3, 12), reason="every object is counted before 3.12")


class Plain:
    """Not guarded, with a dict."""

    def __init__(self, number: int) -> None:
        self.number = number + 10**6
        self.text = f"number {number}"
        self.inside = [number + 0.5, {f"key {number}": {number + 10**7}}, bytearray(b"%d" % number)]


@owned.owned
class Slotted:
    """Guarded, with slots."""

    __slots__ = ("inside", "other")

    def __init__(self, number: int) -> None:
        self.inside = Plain(number)
        self.other: Any = None


def is_counted(obj: object) -> bool:
    """Do new references change the count? A few may: what was on a stack while it was counted is given back."""
    before = sys.getrefcount(obj)
    more = [obj for _ in range(100)]
    after = sys.getrefcount(obj)
    del more
    return after - before > 50


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="it is there")
def test_before_3_12() -> None:
    """It is refused, with nothing changed."""
    node = Node("a")
    with pytest.raises(NotImplementedError, match=r"3\.12"):
        owned.freeze(node, immortal=True)
    assert owned.state(node) == "private"


@counted_only
def test_all_that_is_reached() -> None:
    """Instances, what containers became and the values in them are not counted, nor tracked."""
    one = owned.freeze(Slotted(1), immortal=True)
    plain = one.inside
    whole = [one, plain, plain.number, plain.text, plain.inside, *plain.inside]
    whole += [part for key, values in plain.inside[1].items() for part in (key, values, *values)]
    assert [part for part in whole if is_counted(part)] == []
    assert not any(map(gc.is_tracked, (one, plain, plain.inside)))
    assert is_counted(object())
    with pytest.raises(owned.FrozenError):
        one.other = 2
    with pytest.raises(owned.FrozenError):
        plain.number = 2


@counted_only
def test_what_guards_itself_and_classes_stay_counted() -> None:
    """A lock in the graph, and the class of an instance, are as they were."""
    made = type("Made", (), {"lock": None, "__init__": lambda self, lock: setattr(self, "lock", lock)})
    owned.register(_Opaque, "immutable")
    opaque = _Opaque()
    frozen = owned.freeze([made(opaque)], immortal=True)
    assert is_counted(opaque)
    assert frozen[0].lock is opaque


class _Opaque:
    """Registered as immutable: nobody looks inside."""


@counted_only
def test_reading_writes_nothing() -> None:
    """Whatever the interpreter does to read a graph, no count in it is another one afterwards."""
    frozen = owned.freeze([Slotted(number) for number in range(50)], immortal=True)

    def read() -> list[int]:
        counts = []
        for _ in range(20):
            for one in frozen:
                inside = one.inside
                parts = [frozen, one, inside, inside.number, inside.text, inside.inside, *inside.inside]
                total = inside.number + len(inside.text) + len(inside.inside[1])
                counts = [sys.getrefcount(part) for part in parts] + [total - total]
        return counts

    first = read()
    assert read() == first
    assert len(set(first[:-1])) == 1


@counted_only
def test_what_was_frozen_before() -> None:
    """A graph that is frozen already can be made immortal afterwards, and twice."""
    frozen = owned.freeze([Slotted(2)])
    assert is_counted(frozen[0])
    for _ in range(2):
        assert owned.freeze(frozen, immortal=True) is frozen
        assert not is_counted(frozen[0])


@counted_only
def test_a_failure_changes_nothing() -> None:
    """Where freeze is refused, all is as it was: mutable and counted."""
    node = Node("a")
    node.next = threading.Lock()
    with pytest.raises(owned.FreezeError):
        owned.freeze(node, immortal=True)
    assert owned.state(node) == "private"
    assert is_counted(node)


@counted_only
def test_a_region_is_refused() -> None:
    """A Region is no object that anybody reads."""
    region = owned.Region()
    with pytest.raises(TypeError, match="Region"):
        owned.freeze(region, immortal=True)
    assert owned.state(region) == "private"


@counted_only
def test_cycles_and_depth() -> None:
    """A ring, and a chain of a hundred thousand, take no stack."""
    first = last = Node("first")
    for number in range(100_000):
        last.next = Node(str(number))
        last = last.next
    last.next = first
    owned.freeze(first, immortal=True)
    assert not is_counted(last)
    assert last.next is first


@counted_only
def test_a_text_can_be_interned_later() -> None:
    """sys.intern() of an immortal text gives one text for all, as ever."""
    text = "a text that " + "nobody interned".upper()
    frozen = owned.freeze([text], immortal=True)
    same = "a text that " + "nobody interned".upper()
    assert sys.intern(frozen[0]) is sys.intern(same)
    assert getattr(type("T", (), {text: 5})(), same) == 5


@counted_only
@pytest.mark.skipif(not FREE_THREADED, reason="there each thread counts what it made")
def test_what_another_thread_made() -> None:
    """On a free-threaded build only what this thread made leaves the counting."""
    made: list[Any] = []
    thread = threading.Thread(target=lambda: made.append(owned.move(Node("theirs"))))
    thread.start()
    thread.join(LIMIT)
    theirs = made.pop().claim()
    frozen = owned.freeze([theirs, Node("mine")], immortal=True)
    assert (is_counted(frozen[0]), is_counted(frozen[1])) == (True, False)


@counted_only
def test_threads_read_it() -> None:
    """Eight threads that read it at once find what was written."""
    frozen = owned.freeze([Slotted(number) for number in range(200)], immortal=True)
    start, wrong = threading.Barrier(8), []

    def work() -> None:
        start.wait(LIMIT)
        for _ in range(20):
            wrong.extend(i for i, one in enumerate(frozen) if one.inside.text != f"number {i}")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert not wrong


PROGRAM = """
import gc, owned

class Node:
    def __init__(self, next): self.next, self.name, self.data = next, f"name {id(self)}", {"list": [1.5, 10**9]}
    def __del__(self): print("never")

kept = None
for _ in range(1000):
    kept = Node(kept)
owned.freeze(kept, immortal=True)
del kept
for _ in range(3):
    gc.collect()
print("end")
"""


@counted_only
@pytest.mark.parametrize("options", [[], ["-X", "dev"]], ids=["plain", "dev"])
def test_the_end_of_a_program(options: list[str], tmp_path: Path) -> None:
    """An interpreter that ends with an immortal graph ends well, and runs no finalizer of it."""
    done = subprocess.run(
        [sys.executable, *options, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
