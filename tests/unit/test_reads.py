# SPDX-License-Identifier: MIT
"""``@reads``: no lock where none is needed, the read side where there is one, and no writes."""

import inspect

import pytest

import owned
from owned import reads


@owned.owned
class Account:
    def __init__(self):
        self.balance = 1

    @reads
    def total(self, plus: int = 0) -> int:
        """What there is."""
        return self.balance + plus

    @reads
    def holds(self):
        return owned.lock_of(self)._is_owned()

    @reads
    def each(self):
        yield self.balance


def test_frozen_and_private(elsewhere):
    """Nothing is taken where nothing can change."""
    account = owned.freeze(Account())
    assert account.total() == elsewhere(account.total, 0) == 1
    assert Account().total(plus=2) == 3


@pytest.mark.parametrize("make", [owned.Lock, owned.RLock])
def test_takes_a_lock_without_sides(make):
    """A lock that has no read side is taken."""
    account = owned.share(Account(), lock=make())
    assert account.holds()
    assert account.total() == 1
    assert list(account.each()) == [1]
    assert not owned.lock_of(account)._is_owned()


@pytest.fixture
def jar():
    """A class with a method of each kind, shared under an RWLock; both tell how the lock is held meanwhile."""

    @owned.owned
    class Jar:
        @reads
        def look(self):
            return [side._recursion_count() for side in (rw.read, rw.write)]

        @reads
        def each(self):
            yield self.look()
            yield self.look()

        @owned.synchronized
        def open(self):
            return self.look()

    rw = owned.RWLock()
    return owned.share(Jar(), lock=rw)


def test_takes_the_read_side(jar):
    """Of an RWLock the read side is what is taken, also for each step of a generator."""
    assert jar.look() == [1, 0]
    assert list(jar.each()) == [[1, 0], [1, 0]]
    assert not owned.lock_of(jar).locked()


def test_takes_nothing_it_has(jar):
    """Whoever holds one of the sides may read already."""
    with owned.lock_of(jar).read:
        assert jar.look() == [1, 0]
    with owned.lock_of(jar):
        assert jar.look() == [0, 1]


def test_synchronized_takes_the_write_side(jar):
    """@synchronized takes the write side, and cannot where this thread only reads."""
    assert jar.open() == [0, 1]
    with owned.lock_of(jar).read, pytest.raises(owned.LockOrderError):
        jar.open()


def test_through_a_wrapper():
    """Behind own() a method with @reads counts as an access that reads."""

    class Plain:
        size = 3

        @reads
        def look(self):
            return self.size

    plain = owned.own(Plain())
    assert plain.look() == 3
    owned.share(plain, lock=owned.RWLock())
    with owned.locked(plain, read=True):
        assert plain.look() == 3
    with pytest.raises(owned.LockNotHeldError):
        plain.look()


def assigns(self):
    self.x = 1


def adds(self):
    self.x += 1


def deletes(self):
    del self.x


def unpacks(self, other):
    other.y, self.x = 1, 2


def in_a_loop(this):
    for this.x in range(3):
        pass


def captured(self):
    self.x = 1
    return lambda: self


def generates(self):
    self.x = 1
    yield


@pytest.mark.parametrize("method", [assigns, adds, deletes, unpacks, in_a_loop, captured, generates])
def test_writes_are_refused_when_decorated(method):
    """A method that assigns to its object does more than read, and says so before it runs."""
    with pytest.raises(TypeError, match=rf"{method.__name__}\(\) writes self\.x"):
        reads(method)


def looks(self, other):
    other.x = self.x
    found = self
    return found


def nothing():
    pass


@pytest.mark.parametrize("method", [looks, nothing, len])
def test_reading_methods_are_accepted(method):
    """Writing to something else is not writing to the object."""
    assert reads(method).__name__ == method.__name__


def test_signature_stays():
    """It is the function to whoever asks."""
    assert str(inspect.signature(Account.total)) == "(self, plus: int = 0) -> int"
    assert Account.total.__doc__ == "What there is."


def test_unguarded_object_is_refused():
    """Without a guard there is no lock to take."""

    class Nobody:
        @reads
        def look(self): ...

    with pytest.raises(TypeError, match=r"Nobody\.look\(\) is @reads"):
        Nobody().look()
