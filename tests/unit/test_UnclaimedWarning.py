# SPDX-License-Identifier: MIT
"""Parcels that nobody claims: strict mode tells of them once; those to threads that have ended can be adopted."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import sys
import threading
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import owned
import strictly
from owned import move
from travellers import Order, Slim


@contextmanager
def unclaimed() -> Iterator[list[str]]:
    """The texts of the warnings that strict mode gave, on whatever thread."""
    texts: list[str] = []
    gc.collect()  # what other tests have left
    with strictly.mode(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
        gc.collect()
    texts += [str(each.message) for each in caught if each.category is owned.UnclaimedWarning]


def test_tells_what_it_was_and_who_moved_it_where() -> None:
    """At the line that moved it."""
    with strictly.mode(), pytest.warns(owned.UnclaimedWarning) as caught:
        move(Order())
    (warning,) = caught
    assert str(warning.message).startswith("an Order was handed over and nobody took it: move(Order) at ")
    assert "in test_tells_what_it_was_and_who_moved_it_where, by thread 'MainThread'" in str(warning.message)
    first = test_tells_what_it_was_and_who_moved_it_where.__code__.co_firstlineno
    assert (warning.filename, warning.lineno) == (__file__, first + 3)


def test_once_on_whichever_thread_drops_it(elsewhere: Any) -> None:
    """By count or by the collector, and what was in it is garbage."""
    with unclaimed() as texts:
        order = Order()
        gone = weakref.ref(order)
        box = [move(order)]
        del order
        elsewhere(box.clear)
        assert gone() is None
        circle: list[Any] = [move(Slim())]
        circle.append(circle)
        del circle
        elsewhere(gc.collect)
    assert [text.partition(" was ")[0] for text in texts] == ["an Order", "a Slim"]


def test_not_of_what_was_taken() -> None:
    """Claimed, or pickled away; nor of what failed to be either, and is still there."""
    with unclaimed() as texts:
        move(Order()).claim()
        data = pickle.dumps(move(Order()))
        kept = move(Order(1, owned.Lock()))
        with pytest.raises(owned.TravelError):
            pickle.dumps(kept)
    assert texts == []
    with unclaimed() as texts:
        pickle.loads(data)  # dropped where it arrived
        del kept
    assert len(texts) == 2


@pytest.mark.parametrize("number", [0, 1, 2])
def test_only_in_strict_mode(number: int) -> None:
    """Other modes let it go."""
    with strictly.mode(number), warnings.catch_warnings():
        warnings.simplefilter("error")
        move(Order())


def test_a_filter_that_raises_is_told_of_the_finalizer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could catch the exception: it goes where those of finalizers go, and an exception under way goes on."""
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: unraisable.append(args.exc_type))

    def drop(error: Exception) -> None:
        del parcels[:]
        raise error

    with strictly.mode(), warnings.catch_warnings():
        warnings.simplefilter("error")
        parcels = [move(Order())]
        with pytest.raises(KeyError, match="under way"):
            drop(KeyError("under way"))
    assert unraisable == [owned.UnclaimedWarning]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_the_child_of_a_fork_drops_copies() -> None:
    """Nothing is lost with them."""
    with unclaimed() as texts:
        parcel = move(Order())
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    del parcel
                    gc.collect()
                status = len([each for each in caught if each.category is owned.UnclaimedWarning])
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        parcel.claim()
    assert texts == []


# ---- addresses -------------------------------------------------------------------------------------------------------


def ended() -> threading.Thread:
    """A thread that has."""
    thread = threading.Thread(target=int, name="gone")
    thread.start()
    thread.join(30)
    return thread


def test_nothing_is_moved_to_a_thread_that_has_ended() -> None:
    """It is refused at once, with the way out, and nothing has changed."""
    order = Order()
    with pytest.raises(owned.OwnershipError, match=r"<Thread\(gone, stopped.* has ended: .*Move it to another thread"):
        move(order, to=ended())
    assert order.total == 1


def test_a_parcel_to_a_thread_that_ended_since_is_adopted(elsewhere: Any) -> None:
    """The claim names the way; of two who adopt, one may claim."""
    thread = threading.Thread(target=int, name="gone")
    parcel = move(Order(), to=thread)
    with pytest.raises(owned.WrongThreadError, match="has not ended: only that thread may claim it"):
        owned.adopt(parcel)
    thread.start()
    thread.join(30)
    with pytest.raises(owned.WrongThreadError, match=r"which has ended: take its place with adopt\(parcel\)"):
        parcel.claim()
    assert owned.adopt(parcel) is parcel
    assert owned.adopt(parcel) is parcel
    for verb in (owned.adopt, lambda parcel: parcel.claim()):
        with pytest.raises(owned.WrongThreadError, match="only that thread may claim it"):
            elsewhere(verb, parcel)
    assert parcel.claim().total == 1
    with pytest.raises(owned.MovedError, match="has been claimed"):
        owned.adopt(parcel)


def test_what_is_addressed_to_nobody_is_not_adopted() -> None:
    """It is claimed."""
    with pytest.raises(owned.OwnershipError, match=r"addressed to nobody.*claim\(\) it"):
        owned.adopt(move(Order()))


def test_a_parcel_to_a_process_that_was_never_started() -> None:
    """This process may not claim it; dropped, it is told of."""
    with unclaimed() as texts:
        process = multiprocessing.get_context("spawn").Process(name="later")
        parcel = move(Order(), to=process)
        with pytest.raises(owned.WrongThreadError, match="addressed to process 'later': only that process may claim"):
            parcel.claim()
        del parcel
    assert [text for text in texts if "It was addressed to process 'later'." in text] == texts != []
