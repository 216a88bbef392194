# SPDX-License-Identifier: MIT
"""Lives on many threads at once: births, deaths, verbs and switches of the mode."""

import queue
import threading

import owned
import strictly
from crowd import crowd
from guarded import Node
from owned import _core

THREADS = 8
ROUNDS = 300


def verbs(obj):
    return [record.verb for record in _core.life_of(obj)]


def test_births_and_deaths():
    """Each thread finds its own name and line in the lives of what it made, while others make and drop theirs."""
    inside = []

    def work(number):
        inside.append(number)
        for _ in range(ROUNDS):
            nodes = [Node() for _ in range(5)]
            for node in nodes:
                [made] = _core.life_of(node)
                assert made.thread == f"crowd-{number}"
                assert any(site.function.endswith("work") for site in made.stack)

    with strictly.mode():
        before = _core.life_count()[0]
        crowd(THREADS, work)
        assert _core.life_count()[0] <= before
    assert len(inside) == THREADS


def test_handed_around():
    """Objects that go round from thread to thread, and die where they end, tell each journey."""
    boxes = [queue.Queue() for _ in range(THREADS)]
    makers = set()

    def work(number):
        for _ in range(ROUNDS):
            boxes[(number + 1) % THREADS].put(owned.move(Node()))
            node = boxes[number].get(timeout=60).claim()
            made, moved, claimed = _core.life_of(node)
            makers.add(made.thread)
            assert (moved.verb, claimed.verb) == ("move", "claim")
            assert made.thread == moved.thread == f"crowd-{(number - 1) % THREADS}"
            assert claimed.thread == f"crowd-{number}"

    with strictly.mode():
        before = _core.life_count()[0]
        crowd(THREADS, work)
        assert _core.life_count()[0] <= before
    assert len(makers) == THREADS


def test_switches_meanwhile():
    """Whatever the mode becomes meanwhile, a life is whole or absent, and none outlives its object."""
    switched = threading.Event()
    seen, ended = set(), []

    def work(number):
        if number == 0:
            for turn in range(ROUNDS * 4 + 1):
                _core.set_mode((strictly.STRICT, strictly.CHECKED)[turn % 2])
            switched.set()
            return
        while not switched.is_set():
            node = Node()
            owned.share(node)
            life = tuple(verbs(node))
            seen.add(life)
            assert life in ((), ("make",), ("share",), ("make", "share"))
            node = None
        assert verbs(owned.share(Node())) == ["make", "share"]
        ended.append(number)

    with strictly.mode():
        before = _core.life_count()[0]
        crowd(THREADS, work)
    assert _core.life_count()[0] <= before
    assert seen
    assert len(ended) == THREADS - 1


def test_read_by_others():
    """Lives are read by all threads while their objects are moved on, and are always a beginning of the whole."""
    region = owned.Region()
    done = threading.Event()
    reads = []

    def work(number):
        if number == 0:
            for _ in range(20):
                owned.move(region).claim()
            while not reads:
                _core.life_of(node)
            done.set()
            return
        while not done.is_set():
            life = verbs(node)
            assert life[0] == "make"
            assert set(life[1:]) <= {"move", "claim"}
            owned.explain(node)
            reads.append(len(life))

    with strictly.mode():
        with region:
            node = Node()
        parcel = owned.move(region)

        def first(number):
            if number == 0:
                parcel.claim()
            work(number)

        crowd(4, first)
    assert reads
