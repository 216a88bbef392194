# SPDX-License-Identifier: MIT
"""Pickling as the way to another process: what arrives is private, frozen stays frozen, locks and regions stay here."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import shelve
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

import owned
from owned import FrozenError, State, freeze, move, own, owner, state
from travellers import Order, Plain, Session, Slim

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

CARRIERS: dict[str, Any] = {
    "fields in a dict": lambda: Order(2),
    "fields in slots": lambda: Slim(2),
    "List": lambda: owned.List([1, [2]]),
    "Dict": lambda: owned.Dict(a=[1]),
    "Set": lambda: owned.Set([1]),
    "wrapper": lambda: own(Plain(a=[1])),
}


def trip(obj: Any, protocol: int = pickle.HIGHEST_PROTOCOL) -> Any:
    """There and back."""
    return pickle.loads(pickle.dumps(obj, protocol))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_private_arrives_private(carrier: str, elsewhere: Any) -> None:
    """To the thread that unpickles it, whoever made it; the original stays whose it was."""
    made = CARRIERS[carrier]()
    data = pickle.dumps(made)
    arrived = elsewhere(pickle.loads, data)
    assert (state(arrived), owner(arrived).name) == (State.ORPHANED, "elsewhere")
    mine = pickle.loads(data)
    assert (state(mine), owner(mine).name) == (State.PRIVATE, "MainThread")
    assert state(made) is State.PRIVATE
    with pytest.raises(owned.WrongThreadError):
        elsewhere(pickle.dumps, made)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_shared_arrives_as_a_private_copy(carrier: str) -> None:
    """It is pickled under its lock, and the lock stays here."""
    lock = owned.RLock()
    shared = owned.share(CARRIERS[carrier](), lock=lock)
    with pytest.raises(owned.LockNotHeldError):
        pickle.dumps(shared)
    with lock:
        data = pickle.dumps(shared)
    arrived = pickle.loads(data)
    assert (state(arrived), owned.lock_of(arrived)) == (State.PRIVATE, None)
    assert state(shared) is State.SHARED


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("made", [Order(2), Slim(2), own(Plain(a=[1])), Plain(a=[1])], ids=lambda x: type(x).__name__)
def test_frozen_arrives_frozen(made: Any, protocol: int) -> None:
    """Deep, whatever it is, for every protocol."""
    frozen = freeze(made)
    arrived = trip(frozen, protocol)
    assert arrived is not frozen
    assert (type(arrived), state(arrived), owned.is_frozen(arrived)) == (type(frozen), State.FROZEN, True)
    with pytest.raises(FrozenError):
        arrived.total = 5


@pytest.mark.parametrize("made", [owned.List([1]), owned.Dict(a=1), owned.Set([1])], ids=lambda x: type(x).__name__)
def test_frozen_containers_arrive_frozen(made: Any) -> None:
    """They are tuples, frozendicts and frozensets."""
    frozen = freeze(made)
    arrived = trip(frozen)
    assert (type(arrived), arrived, owned.is_frozen(arrived)) == (type(frozen), frozen, True)


def test_frozen_circles_arrive_whole() -> None:
    """None is frozen before all are filled, and each arrives once."""
    one, other = Plain(name="one"), Order(2)
    one.other, other.session, one.wrapped = other, one, own(other)
    freeze(one)
    again, mixed = trip([one, Order(3)])
    there = again.other
    assert there.session is again
    assert (again.name, there.total, there.items) == ("one", 2, (2,))
    assert {state(each) for each in (there, again.wrapped)} == {State.FROZEN}
    assert owned.is_frozen(again)
    mixed.total = 4
    assert state(mixed) is State.PRIVATE


def test_a_failed_unpickling_leaves_no_trace() -> None:
    """What was begun and never filled does not keep the next ones from being frozen."""
    data = pickle.dumps(freeze(Order(1, Plain(name="x" * 40))))
    with pytest.raises((pickle.UnpicklingError, EOFError)):
        pickle.loads(data[:-40])
    assert state(pickle.loads(data)) is State.FROZEN


def test_deep_frozen_graphs() -> None:
    """As deep as pickle itself goes, and shared parts stay shared."""
    shared = Plain(name="shared")
    chain: Any = shared
    for _ in range(50):
        chain = Plain(next=chain, shared=shared)
    arrived = trip(freeze(chain))
    first = arrived.shared
    while hasattr(arrived, "next"):
        assert arrived.shared is first
        assert owned.is_frozen(arrived)
        arrived = arrived.next
    assert arrived is first


HOLDERS: dict[str, Any] = {
    "Order.session": lambda x: Order(1, x),
    "Slim.handle": lambda x: Slim(1, x),
    "Plain.handle": lambda x: own(Plain(handle=x)),
    "Session.handle": lambda x: owned.List([Session(x)]),
}


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy], ids=["pickle", "deepcopy"])
@pytest.mark.parametrize("held", [owned.Lock, owned.RLock, owned.Region], ids=lambda x: x.__name__)
@pytest.mark.parametrize("field", HOLDERS)
def test_locks_and_regions_do_not_travel(field: str, held: Any, copied: Any) -> None:
    """The error names the field that holds it."""
    made = HOLDERS[field](held())
    with pytest.raises(TypeError, match=f"cannot pickle 'owned.{held.__name__}' object: it is {field}. "):
        copied(made)


@pytest.mark.parametrize(
    "made",
    [
        owned.Lock,
        owned.RLock,
        owned.Region,
        lambda: owned.List([owned.Lock()]),
        lambda: owned.Dict(a=owned.RLock()),
        lambda: owned.frozendict(a=owned.Lock()),
        lambda: own({"a": owned.Lock()}),
    ],
)
def test_nor_do_they_in_containers(made: Any) -> None:
    """There is no field to name."""
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match=r"cannot pickle 'owned.\w+' object\. "):
            copied(made())


def test_freeze_and_thaw_name_the_field_of_a_lock() -> None:
    """A lock is never inside of what thaw copies: freeze has refused it."""
    order = Order(1, Session(owned.Lock()))
    with pytest.raises(owned.FreezeError, match=r"Order\.session\.handle: a Lock"):
        freeze(order)
    with pytest.raises(TypeError, match="must be frozen"):
        owned.thaw(order)


def test_a_shallow_copy_shares_the_lock() -> None:
    """As it does for any class."""
    order = Order(1, owned.Lock())
    assert copy.copy(order).session is order.session


def test_shelve(tmp_path: Path) -> None:
    """A shelf keeps private and frozen objects; what comes out is new."""
    with shelve.open(str(tmp_path / "shelf")) as shelf:
        shelf["private"], shelf["frozen"] = Order(3), freeze(Order(4))
        assert (shelf["private"].total, state(shelf["private"])) == (3, State.PRIVATE)
        assert (shelf["frozen"].total, state(shelf["frozen"])) == (4, State.FROZEN)
        with pytest.raises(TypeError, match=r"it is Order\.session"):
            shelf["lock"] = Order(1, owned.Lock())


# ---- parcels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_parcel_is_pickled_once(carrier: str, protocol: int) -> None:
    """What is here is nobody's for ever; what arrives is a parcel, private to whoever claims it."""
    made = CARRIERS[carrier]()
    parcel = owned.move(made)
    data = pickle.dumps(parcel, protocol)
    assert state(made) is State.IN_TRANSIT
    for again in (parcel.claim, lambda: pickle.dumps(parcel)):
        with pytest.raises(owned.MovedError, match=r"went to another process: pickle\(\w+\) at .*test_pickling.py"):
            again()
    arrived = pickle.loads(data)
    assert type(arrived) is owned.Parcel
    assert "unclaimed, move(" in repr(arrived)
    assert f"by thread 'MainThread of {multiprocessing.current_process().name}'" in repr(arrived)
    there = arrived.claim()
    assert type(there) is type(made)
    if isinstance(there, dict):
        len(there)  # 3.15 makes a dict of protocols 0 and 1 in a way that it is born at its first touch
    assert (state(there), owner(there).name) == (State.PRIVATE, "MainThread")
    with pytest.raises(owned.MovedError, match="has been claimed"):
        arrived.claim()


def test_touching_what_went_away() -> None:
    """The error, and explain(), say so; the way out is a copy."""
    order = Order(1)
    pickle.dumps(owned.move(order))
    with pytest.raises(owned.MovedError, match=r"it went to another process \(pickle\(Order\).*copy.deepcopy\(obj\)"):
        order.total
    assert "it went to another process" in owned.explain(order)


def test_the_claimer_unpickles(elsewhere: Any) -> None:
    """Whoever received it."""
    arrived = pickle.loads(pickle.dumps(owned.move(Order(1))))

    def claim() -> tuple[str, int]:
        order = arrived.claim()
        return owner(order).name, order.double().total

    assert elsewhere(claim) == ("elsewhere", 2)


def test_a_parcel_travels_on() -> None:
    """From process to process, without being opened."""
    first = pickle.loads(pickle.dumps(owned.move(Order(1))))
    second = pickle.loads(pickle.dumps(first))
    with pytest.raises(owned.MovedError, match="went to another process"):
        first.claim()
    assert second.claim().total == 1


class Unlucky:
    """Cannot be unpickled the first time."""

    times = 0

    def __reduce__(self) -> Any:
        return _unlucky, ()


def _unlucky() -> Unlucky:
    Unlucky.times += 1
    if Unlucky.times == 1:
        raise ValueError("not yet")
    return Unlucky()


def test_a_claim_that_fails_may_be_repeated() -> None:
    """Unpickling failed: the parcel is as it was."""
    arrived = pickle.loads(pickle.dumps(owned.move(Order(1, Unlucky()))))
    with pytest.raises(ValueError, match="not yet"):
        arrived.claim()
    assert type(arrived.claim().session) is Unlucky


def test_a_pickling_that_fails_leaves_the_parcel_as_it_was() -> None:
    """The error names the path; a parcel inside, which had been pickled already, is as it was, too."""
    inner = owned.move(Slim(7))
    with socket.socket() as connection:
        order = Order(1, Session([inner, connection]))
        parcel = owned.move(order)
        with pytest.raises(owned.TravelError, match=r"^Order\.session\.handle\[1\]: a socket cannot travel"):
            pickle.dumps(parcel)
        assert state(order) is State.IN_TRANSIT
        assert "unclaimed" in repr(parcel)
        assert parcel.claim() is order
    assert inner.claim().total == 7


def test_an_error_that_tells_whose_it_is_stays_what_it_is(elsewhere: Any) -> None:
    """With the path as a note."""
    foreign = elsewhere(Slim)
    parcel = owned.move(Order(1, Session(foreign)))
    with pytest.raises(owned.OrphanedError, match="has ended") as caught:
        pickle.dumps(parcel)
    assert "It was to be pickled for another process: Order.session.handle" in caught.value.__notes__
    owned.adopt(foreign)
    assert pickle.loads(pickle.dumps(parcel)).claim().session.handle.total == 1


class Telling:
    """Its pickling runs code of the program, once, and fails then if it is to."""

    def __init__(self, tell: Any, fails: bool) -> None:
        self.tell = tell
        self.fails = fails

    def __reduce__(self) -> Any:
        tell, self.tell = self.tell, lambda: None  # once more to find out what cannot travel
        tell()
        if self.fails:
            raise ConnectionError("not now")
        return str, ()


SENDERS: dict[str, Any] = {
    "a pipe": lambda pipe, message: pipe.send(message),
    "a parcel": lambda pipe, message: pickle.dumps(move(Order(1, message))),
}


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("sender", SENDERS)
def test_a_message_of_its_own_is_sent_for_good(sender: str, fails: bool) -> None:
    """Code that runs because something is pickled sends a parcel: it went, whatever becomes of what is around it."""
    around, there = multiprocessing.Pipe()
    here, sent = multiprocessing.Pipe()
    part, own_message = move(Order(1)), move(Order(2))
    message = [part, Telling(lambda: here.send([own_message]), fails)]
    if fails:
        with pytest.raises(owned.TravelError, match="a Telling cannot travel to another process \\(not now\\)"):
            SENDERS[sender](around, message)
    else:
        SENDERS[sender](around, message)
    assert sent.poll(30)
    assert sent.recv()[0].claim().total == 2
    with pytest.raises(owned.MovedError, match="went to another process"):
        own_message.claim()
    assert ("unclaimed" in repr(part)) is fails
    for pipe in (around, there, here, sent):
        pipe.close()


@pytest.mark.parametrize("fails", [True, False])
def test_a_message_of_its_own_that_fails(fails: bool) -> None:
    """Its parcels are back, and those of the message around it go or stay with that."""
    around, there = multiprocessing.Pipe()
    part, own_message = move(Order(1)), move(Order(2))

    def tell() -> None:
        with pytest.raises(TypeError, match="cannot pickle"):
            around.send([own_message, (i for i in ())])
        assert "unclaimed" in repr(own_message)

    message = [part, Telling(tell, fails)]
    if fails:
        with pytest.raises(owned.TravelError, match="a Telling cannot travel to another process \\(not now\\)"):
            around.send(message)
        assert part.claim().total == 1
    else:
        around.send(message)
        assert there.recv()[0].claim().total == 1
    assert own_message.claim().total == 2
    for pipe in (around, there):
        pipe.close()


def test_a_part_that_fails_is_put_back_at_once() -> None:
    """Whoever pickles a parcel for a message, and does without it where that fails, has it still."""
    around, there = multiprocessing.Pipe()
    parcel = move(Order(1, Session(i for i in ())))

    def tell() -> None:
        with pytest.raises(owned.TravelError, match="a generator cannot travel"):
            pickle.dumps(parcel)

    around.send(["without it", Telling(tell, False)])
    assert there.recv() == ["without it", ""]
    assert parcel.claim().total == 1
    for pipe in (around, there):
        pipe.close()


@pytest.mark.parametrize("verb", [copy.copy, copy.deepcopy])
def test_a_parcel_is_not_copied(verb: Any) -> None:
    """There is one content."""
    with pytest.raises(TypeError, match="a Parcel cannot be copied"):
        verb(owned.move(Order(1)))


def test_a_parcel_to_a_thread_stays_here() -> None:
    """No other process has that thread."""
    thread = threading.Thread(target=int)
    parcel = owned.move(Order(1), to=thread)
    with pytest.raises(owned.WrongThreadError, match="a thread of this process: it cannot go to another one"):
        pickle.dumps(parcel)
    claimed: list[int] = []
    thread.run = lambda: claimed.append(parcel.claim().total)  # type: ignore[method-assign]
    thread.start()
    thread.join(30)
    assert claimed == [1]


def test_from_inside_of_a_task() -> None:
    """What a task sends away does not become the task's; what it gets from elsewhere does."""
    node = Order(1)
    parcel = owned.move(node)

    def work() -> bytes:
        return pickle.dumps(parcel)

    def arrive(data: bytes) -> Any:
        region = owned.Region()
        with region:
            order = pickle.loads(data)
        owned._core.leave(region)
        order.double()
        return order

    with owned.ThreadPoolExecutor(1) as pool:
        data = pool.submit(work).result(30)
        with pytest.raises(owned.MovedError, match="it went to another process"):
            node.total
        assert pickle.loads(data).claim().total == 1
        order = pool.submit(arrive, pickle.dumps(Order(2))).result(30)
        assert (order.double().total, owner(order).name) == (8, "MainThread")
