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


class Side:
    """One side of a lock: counts how it is used."""

    def __init__(self, log, name):
        self.log, self.name, self.depth = log, name, 0

    def acquire(self):
        self.log.append(f"take {self.name}")
        self.depth += 1

    def release(self):
        self.log.append(f"give {self.name}")
        self.depth -= 1


class TwoSided(Side):
    """A lock with a read side, as reader-writer locks have."""

    def __init__(self):
        super().__init__([], "write")
        self.reading = Side(self.log, "read")

    def _is_owned(self):
        return self.depth + self.reading.depth > 0


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


def test_takes_the_read_side():
    """Where the lock has an attribute `reading`, that is what is taken."""
    lock = TwoSided()
    account = owned.share(Account(), lock=lock)
    assert account.total() == 1
    assert lock.log == ["take read", "give read"]


def test_synchronized_takes_the_write_side():
    """@synchronized takes the lock itself."""

    @owned.owned
    class Jar:
        @owned.synchronized
        def open(self):
            return "open"

    lock = TwoSided()
    assert owned.share(Jar(), lock=lock).open() == "open"
    assert lock.log == ["take write", "give write"]


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
