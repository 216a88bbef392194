# SPDX-License-Identifier: MIT
"""``@requires``: a call without the lock raises, and says whose it is."""

import threading

import pytest

import owned
from owned import _core, _violations, requires

FOREIGN = [threading.RLock, threading.Condition]


@owned.owned
class Account:
    def __init__(self):
        self.balance = 1

    @requires
    def helper(self):
        """What callers under the lock call."""
        return self.balance

    @property
    @requires
    def worth(self):
        return self.balance

    @requires
    def steps(self):
        yield 1
        yield 2


class Plain:
    def __init__(self, lock=None):
        self._lock = owned.RLock() if lock is None else lock

    @requires("_lock")
    def helper(self):
        return 1


@pytest.fixture
def off():
    """Mode off for one test."""
    before = _core.get_mode()
    _core.set_mode(0)
    yield
    _core.set_mode(before)


def test_private_and_frozen_objects_pass(elsewhere):
    """An object nobody else can touch, and one nobody can change, need no lock."""
    assert Account().helper() == 1
    frozen = owned.freeze(Account())
    assert frozen.helper() == 1
    assert elsewhere(frozen.helper) == 1


@pytest.mark.parametrize("make", [owned.Lock, owned.RLock, *FOREIGN])
def test_own_lock(make):
    """A shared object's method passes under its lock, whichever it is, and not without."""
    account = owned.share(Account(), lock=make())
    with owned.lock_of(account) if make is threading.Condition else owned.locked(account):
        assert account.helper() == 1
        assert account.worth == 1
    with pytest.raises(owned.LockNotHeldError, match=r"call Account\.helper\(\)"):
        account.helper()
    with pytest.raises(owned.LockNotHeldError, match=r"call Account\.worth\(\)"):
        account.worth


def test_another_threads_object(elsewhere):
    """A private object of another thread has no lock that would do."""
    with pytest.raises(owned.WrongThreadError, match="helper"):
        elsewhere(Account().helper)


@pytest.mark.parametrize("make", [owned.Lock, owned.RLock, *FOREIGN])
def test_given_lock(make):
    """@requires(lock) asks that lock, on any function."""
    lock = make()

    @requires(lock)
    def work(value):
        return value

    with lock:
        assert work(2) == 2
    with pytest.raises(owned.LockNotHeldError, match="work"):
        work(2)


def test_lock_in_an_attribute():
    """@requires("_lock") asks the lock of the instance."""
    plain = Plain()
    with plain._lock:
        assert plain.helper() == 1
    with pytest.raises(owned.LockNotHeldError, match=r"with self\._lock"):
        plain.helper()


def test_error_names_function_lock_and_holder(elsewhere):
    """The facts are in the sentence and in the attributes, and observers hear of it."""
    plain = Plain()
    seen = []

    def call():
        with _violations.observe(seen.append):
            plain.helper()

    with plain._lock, pytest.raises(owned.LockNotHeldError) as caught:
        elsewhere(call)
    error = caught.value
    assert "thread 'elsewhere' tried to call Plain.helper(), which requires <RLock at " in str(error)
    assert "but thread 'MainThread' holds it" in str(error)
    assert (error.name, error.owner, error.toucher) == ("Plain.helper", "MainThread", "elsewhere")
    assert (error.type_name, error.access, error.touch) == ("Plain", "call", "call Plain.helper()")
    assert error.site[0] == __file__
    assert seen == [error]
    assert error.violation is not None


def test_lock_that_cannot_tell():
    """threading.Lock does not know its holder: the error names the drop-in, at once or at the first call."""
    with pytest.raises(TypeError, match=r"use owned\.Lock\(\)"):
        requires(threading.Lock())
    with pytest.raises(TypeError, match=r"use owned\.Lock\(\)"):
        Plain(threading.Lock()).helper()


def test_unguarded_object():
    """Without a lock in sight the error says what to do."""

    class Nobody:
        @requires
        def helper(self): ...

    with pytest.raises(TypeError, match="Nobody, which nobody guards: decorate the class"):
        Nobody().helper()


def test_called_without_self():
    """A function that needs its first argument and gets none says so."""

    @requires
    def one(): ...

    @requires("_lock")
    def two(): ...

    with pytest.raises(TypeError, match="called without arguments"):
        one()
    with pytest.raises(TypeError, match="without `self`"):
        two()


def test_missing_attribute():
    """A wrong name is an AttributeError that names it."""

    class Wrong:
        @requires("_lokc")
        def helper(self): ...

    with pytest.raises(AttributeError, match="_lokc"):
        Wrong().helper()


def test_generator_is_verified_in_each_step():
    """A generator's caller holds the lock at each step, not only when it makes the generator."""
    account = owned.share(Account())
    with owned.locked(account):
        steps = account.steps()
        assert next(steps) == 1
    with pytest.raises(owned.LockNotHeldError, match="steps"):
        next(steps)


@pytest.mark.usefixtures("off")
def test_mode_off_verifies_nothing():
    """In mode off a call is a call."""
    assert Plain().helper() == 1


def test_decorated_coroutine():
    """A coroutine is verified when its code runs."""
    lock = owned.RLock()

    @requires(lock)
    async def work():
        return 3

    coroutine = work()
    with pytest.raises(owned.LockNotHeldError, match="work"):
        coroutine.send(None)
    coroutine.close()
    with lock, pytest.raises(StopIteration):
        work().send(None)
