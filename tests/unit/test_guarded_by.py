# SPDX-License-Identifier: MIT
"""``guarded_by``: one attribute, verified to be touched under its lock."""

import copy
import dataclasses
import pickle
import threading

import attrs
import pytest

import owned
from owned import _core, _violations, guarded_by


class Plain:
    balance: int = guarded_by("_lock")
    limit: int = guarded_by("_lock", default=100)

    def __init__(self, balance=1, lock=None):
        self._lock = owned.RLock() if lock is None else lock
        self.balance = balance


class Slotted:
    __slots__ = ("_balance", "_lock")
    balance = guarded_by("_lock", slot="_balance")

    def __init__(self, balance=1, lock=None):
        self._lock = owned.RLock() if lock is None else lock
        self.balance = balance


@dataclasses.dataclass
class Data:
    _lock: object = dataclasses.field(default_factory=owned.RLock, init=False, repr=False)
    balance: int = guarded_by("_lock", default=1)


@attrs.define
class Attrs:
    _balance: int = 1
    _lock: object = attrs.field(factory=owned.RLock, init=False)
    balance = guarded_by("_lock", slot="_balance")


@owned.owned
class Guarded(Plain):
    pass


KINDS = [Plain, Slotted, Data, Attrs, Guarded]


@pytest.fixture
def mode():
    """A function that sets the mode; what it was is restored."""
    before = _core.get_mode()
    yield _core.set_mode
    _core.set_mode(before)


@pytest.mark.parametrize("kind", KINDS)
def test_every_access_needs_the_lock(kind):
    """Reads, writes and deletions pass under the lock and raise without, in every kind of class."""
    obj = kind(balance=5)
    with obj._lock:
        assert obj.balance == 5
        obj.balance += 1
        assert obj.balance == 6
    with pytest.raises(owned.LockNotHeldError, match=rf"tried to read {kind.__name__}\.balance, which requires <RLock"):
        obj.balance
    with pytest.raises(owned.LockNotHeldError, match=r"write .*balance.*with self\._lock"):
        obj.balance = 7
    with pytest.raises(owned.LockNotHeldError, match="delete"):
        del obj.balance
    with obj._lock:
        assert obj.balance == 6


@pytest.mark.parametrize("make", [owned.Lock, threading.RLock, threading.Condition])
@pytest.mark.parametrize("kind", [Plain, Slotted])
def test_locks_of_every_kind(kind, make):
    """Any lock that can tell who holds it will do."""
    obj = kind(lock=make())
    with obj._lock:
        assert obj.balance == 1
    with pytest.raises(owned.LockNotHeldError):
        obj.balance


@pytest.mark.parametrize("kind", [Plain, Slotted])
def test_lock_that_cannot_tell(kind):
    """threading.Lock is refused at the first access, with the drop-in's name."""
    with pytest.raises(TypeError, match=r"use owned\.Lock\(\)"):
        kind(lock=threading.Lock())


def test_another_threads_hold_does_not_count(elsewhere):
    """It is the caller who has to hold the lock; the error names who does."""
    obj = Plain()
    with obj._lock, pytest.raises(owned.LockNotHeldError, match="thread 'MainThread' holds it") as caught:
        elsewhere(lambda: obj.balance)
    assert (caught.value.name, caught.value.access, caught.value.type_name) == ("balance", "read", "Plain")


def test_first_value_needs_no_lock():
    """While an attribute has no value the object is being made; the second value needs the lock, in __init__ too."""

    class Late:
        value = guarded_by("_lock")

        def __init__(self, *values):
            for value in values:
                self.value = value
            self._lock = owned.RLock()

    assert Late(1)
    with pytest.raises(AttributeError, match="_lock"):
        Late(1, 2)


def test_wrong_name_of_the_lock():
    """A lock that is not there is an error, not a reason to let everything pass."""

    class Wrong:
        value = guarded_by("_lokc")

    wrong = Wrong()
    wrong.value = 1
    with pytest.raises(AttributeError, match="_lokc"):
        wrong.value


def test_value_lives_under_its_own_name():
    """The instance's __dict__ has it where it would have been without the declaration."""
    assert vars(Plain(3))["balance"] == 3


def test_default():
    """A default is what it reads as until it is written, on the class too."""
    obj = Plain()
    assert Plain.limit == 100
    with obj._lock:
        assert obj.limit == 100
        obj.limit = 5
        assert obj.limit == 5
        del obj.limit
        assert obj.limit == 100
        with pytest.raises(AttributeError, match="limit"):
            del obj.limit


def test_attribute_without_value():
    """Without a default it is an attribute that is not there, on the class and on the instance."""
    with pytest.raises(AttributeError, match="balance"):
        Plain.balance
    assert not hasattr(Plain, "balance")
    obj = Plain()
    with obj._lock:
        del obj.balance
        with pytest.raises(AttributeError, match="balance"):
            obj.balance
        with pytest.raises(AttributeError, match="balance"):
            del obj.balance


def test_dataclass_field():
    """A dataclass sees a field with or without a default, and initializes it without the lock."""

    @dataclasses.dataclass
    class Pair:
        left: int = guarded_by("lock")
        right: int = guarded_by("lock", default=2)
        lock: object = dataclasses.field(default_factory=owned.RLock)

    with pytest.raises(TypeError, match="left"):
        Pair()
    pair = Pair(1)
    with pair.lock:
        assert (pair.left, pair.right) == (1, 2)


def test_attrs_takes_it_for_a_default():
    """Attrs would store the declaration as a value: that is found, and the message says how to write it."""

    @attrs.define(slots=False)
    class Wrong:
        _lock: object = attrs.field(factory=owned.RLock, init=False)
        balance: int = guarded_by("_lock")

    with pytest.raises(TypeError, match='slot="_balance"'):
        Wrong()


def test_no_room():
    """A class without a __dict__ has to name a slot."""

    class Tight:
        __slots__ = ("_lock",)
        value = guarded_by("_lock")

    with pytest.raises(TypeError, match="has no __dict__.*name one of its slots"):
        Tight().value = 1


def test_in_an_owned_class():
    """In an owned class both guards hold, and a list that is stored becomes a guarded one."""
    obj = Guarded([1])
    with obj._lock:
        assert type(obj.balance) is owned.List
    owned.share(obj, lock=obj._lock)
    with owned.locked(obj):
        assert obj.balance == [1]
        obj.balance = {"a": 1}
        assert type(obj.balance) is owned.Dict
    with pytest.raises(owned.LockNotHeldError):
        obj.balance


def test_subclass_and_copies():
    """Subclasses inherit the declaration; a copy has a value and a lock of its own."""

    class Below(Plain):
        def __deepcopy__(self, memo):
            with self._lock:
                return type(self)(copy.deepcopy(self.balance, memo))

    below = copy.deepcopy(Below(4))
    with pytest.raises(owned.LockNotHeldError):
        below.balance
    with below._lock:
        assert below.balance == 4


class Portable(Plain):
    def __getstate__(self):
        return {"balance": vars(self)["balance"]}

    def __setstate__(self, state):
        self.__init__(**state)


def test_pickle():
    """Pickling works as the class says; a lock is no part of it."""
    obj = pickle.loads(pickle.dumps(Portable(9)))
    with obj._lock:
        assert obj.balance == 9


@pytest.mark.parametrize(
    ("number", "reads", "writes"), [(0, False, False), (1, False, True), (2, True, True), (3, True, True)]
)
def test_modes(mode, number, reads, writes):
    """Off verifies nothing, guard writes, the others everything."""
    mode(number)
    obj = Plain()
    for access, verified in ((lambda: obj.balance, reads), (lambda: setattr(obj, "balance", 2), writes)):
        if verified:
            with pytest.raises(owned.LockNotHeldError):
                access()
        else:
            access()


def test_observers_hear_of_it():
    """A violation is reported when it happens, swallowed or not."""
    seen = []
    with _violations.observe(seen.append), pytest.raises(owned.LockNotHeldError):
        Plain().balance
    assert [error.violation.touch for error in seen] == ["read Plain.balance"]


def test_declaration_errors():
    """What cannot be meant is refused where it is written."""
    with pytest.raises(TypeError, match="name of an attribute, got RLock"):
        guarded_by(owned.RLock())
    twice = guarded_by("_lock")
    with pytest.raises((TypeError, RuntimeError)):
        type("Twice", (), {"a": twice, "b": twice})
    with pytest.raises((TypeError, RuntimeError)):
        type("Itself", (), {"_lock": guarded_by("_lock")})
    assert repr(vars(Plain)["balance"]) == "<Plain.balance guarded by _lock>"


def test_a_lock_that_is_made_later():
    """As long as the lock is None there is nothing to hold; from then on it is needed."""

    class Executor:
        _lock = None
        running = guarded_by("_lock")

        def __init__(self):
            self.running = 0

        def start(self):
            self.running = 1
            self._lock = owned.Lock()

    executor = Executor()
    executor.start()
    with pytest.raises(owned.LockNotHeldError):
        executor.running
    with executor._lock:
        assert executor.running == 1
