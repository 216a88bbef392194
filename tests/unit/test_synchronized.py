# SPDX-License-Identifier: MIT
"""``@synchronized``: binding, what is taken and when, and that it stands for the function as wrapt's wrapper does."""

import asyncio
import copy
import functools
import gc
import inspect
import os
import pickle
import pydoc
import subprocess
import sys
import threading
import weakref

import pytest
import wrapt

import owned
from owned import synchronized

LOCK = owned.RLock()


@owned.owned
class Account:
    """An account."""

    def __init__(self, balance=0):
        self.balance = balance

    @synchronized
    def deposit(self, amount: int = 1, *, twice: bool = False) -> int:
        """Put money in."""
        self.balance += amount * (1 + twice)
        return self.balance

    @synchronized
    def holds(self):
        lock = owned.lock_of(self)
        return lock is not None and lock._is_owned()

    @synchronized
    def fail(self):
        raise KeyError("inside")

    @synchronized
    def nested(self):
        return self.deposit(), self.holds()

    @synchronized
    def steps(self):
        yield owned.lock_of(self)._is_owned()
        yield owned.lock_of(self)._is_owned()

    @synchronized
    async def wait(self):
        before = owned.lock_of(self)._is_owned()
        await asyncio.sleep(0)
        return before, owned.lock_of(self)._is_owned()

    @synchronized
    async def items(self):
        yield owned.lock_of(self)._is_owned()
        await asyncio.sleep(0)
        yield owned.lock_of(self)._is_owned()

    @property
    @synchronized
    def worth(self):
        return self.balance

    @worth.setter
    @synchronized
    def worth(self, value):
        self.balance = value

    @worth.deleter
    @synchronized
    def worth(self):
        self.balance = None

    @classmethod
    @synchronized(LOCK)
    def make(cls):
        return cls, LOCK._is_owned()

    @synchronized(LOCK)
    @classmethod
    def make_outside(cls):
        return cls, LOCK._is_owned()

    @staticmethod
    @synchronized(LOCK)
    def tell():
        return LOCK._is_owned()

    @synchronized(LOCK)
    @staticmethod
    def tell_outside():
        return LOCK._is_owned()

    @synchronized(LOCK)
    def under_another(self):
        return LOCK._is_owned()

    ten = functools.partialmethod(deposit, 10)


@owned.owned
class Slotted:
    __slots__ = ("value",)

    def __init__(self):
        self.value = 1

    @synchronized
    def read(self):
        return self.value


LOCKS = [owned.RLock, owned.Lock, threading.RLock, threading.Condition]


@pytest.mark.parametrize("make", LOCKS)
@pytest.mark.parametrize("kind", [Account, Slotted])
def test_takes_the_lock_of_a_shared_object(make, kind):
    """Whatever lock guards it: the call needs no block around it, and leaves the lock free."""
    obj = owned.share(kind(), lock=make())
    assert (obj.deposit(2) == 2) if kind is Account else obj.read() == 1
    lock = owned.lock_of(obj)
    assert not lock._is_owned()
    with pytest.raises(owned.LockNotHeldError):
        obj.balance if kind is Account else obj.value


def test_takes_nothing_for_a_private_object():
    """A private object has no lock, and a call is a call."""
    account = Account()
    assert account.deposit(5, twice=True) == 10
    assert not account.holds()


def test_takes_nothing_for_a_frozen_object():
    """A frozen object is read without a lock, by any thread; writing it is refused as ever."""
    account = owned.freeze(Account(3))
    assert account.worth == 3
    with pytest.raises(owned.FrozenError):
        account.deposit()


def test_frozen_instance_of_a_plain_class():
    """What freeze froze in place needs no lock, whoever's class it is."""
    assert owned.freeze(Plain()).read() == 1


class Plain:
    def __init__(self):
        self.value = 1

    @synchronized
    def read(self):
        return self.value


def test_unguarded_object_is_refused():
    """An object that nobody guards has no lock: the error says what to do."""
    with pytest.raises(TypeError, match=r"Plain.read\(\) is @synchronized.*got Plain: decorate that class with @owned"):
        Plain().read()


def test_foreign_thread_is_refused(elsewhere):
    """Where no lock would help, the error names the method."""
    account = Account()
    with pytest.raises(owned.WrongThreadError, match=r"call Account\.deposit\(\)"):
        elsewhere(account.deposit)


def test_lock_is_found_at_the_call():
    """A bound method that was fetched before share() takes the lock after it."""
    account = Account()
    deposit, holds = account.deposit, account.holds
    deposit()
    owned.share(account)
    assert deposit() == 2
    assert holds()


def test_method_of_the_class_takes_the_lock():
    """Calling it through the class is calling it."""
    account = owned.share(Account())
    assert Account.deposit(account, 4) == 4
    assert Account.holds(account)


@pytest.mark.parametrize("make", LOCKS)
def test_methods_call_one_another(make):
    """A lock that is held is not taken again, so that a Lock will do."""
    if make is threading.Condition:
        pytest.skip("stands for its RLock")
    account = owned.share(Account(), lock=make())
    assert account.nested() == (1, True)
    assert not owned.lock_of(account)._is_owned()


def test_lock_that_is_held_already_stays_held():
    """A call inside `with locked(obj)` gives nothing back that is not its own."""
    account = owned.share(Account(), lock=owned.Lock())
    with owned.locked(account):
        assert account.deposit() == 1
        assert account.balance == 1


@pytest.mark.parametrize("make", LOCKS)
def test_exception_gives_the_lock_back(make):
    """What the method raises is raised, and the lock is free again."""
    account = owned.share(Account(), lock=make())
    with pytest.raises(KeyError, match="inside"):
        account.fail()
    assert not owned.lock_of(account)._is_owned()


def test_method_that_releases_the_lock_itself():
    """The error of the release names what went wrong, and keeps what the method raised."""

    @synchronized(LOCK)
    def careless():
        LOCK.release()
        raise KeyError("inside")

    with pytest.raises(owned.LockNotHeldError) as caught:
        careless()
    assert isinstance(caught.value.__context__, KeyError)


def test_subclass_calls_super():
    """An overriding method and the one it calls share one hold of the lock."""

    class Savings(Account):
        @synchronized
        def deposit(self, amount=1, *, twice=False):
            return super().deposit(amount + 1, twice=twice)

    account = owned.share(Savings(), lock=owned.Lock())
    assert account.deposit(1) == 2


def test_property():
    """All three accessors of a property take the lock, on a class with a __dict__ too."""
    account = owned.share(Account(1))
    account.worth = 7
    assert account.worth == 7
    del account.worth
    assert account.worth is None


def test_property_without_setter_is_still_checked():
    """Only what takes the lock itself is let through."""

    @owned.owned
    class Half:
        def __init__(self):
            self.value = 1

        @property
        @synchronized
        def read(self):
            return self.value

        @read.setter
        def read(self, value):
            self.value = value

    half = owned.share(Half())
    assert half.read == 1
    with pytest.raises(owned.LockNotHeldError):
        half.read = 2


def test_a_field_that_hides_a_method_is_a_field(elsewhere):
    """What the instance has under a method's name is not got around: without the lock it is refused, not mistaken."""
    account = Account()
    account.deposit = "mine"
    assert account.deposit == "mine"
    owned.share(account)
    with pytest.raises(owned.LockNotHeldError):
        elsewhere(lambda: account.deposit)
    with owned.locked(account):
        assert account.deposit == "mine"


def test_class_and_static_methods_with_a_lock():
    """A lock of their own, above or below the decorator that binds them."""
    account = Account()
    for obj in (Account, account):
        assert obj.make() == (Account, True)
        assert obj.make_outside() == (Account, True)
        assert obj.tell()
        assert obj.tell_outside()
    assert account.under_another()
    assert not LOCK._is_owned()


@pytest.mark.parametrize("kind", [classmethod, staticmethod])
def test_class_and_static_methods_need_a_lock(kind):
    """There is no object whose lock could be taken."""
    with pytest.raises(TypeError, match=rf"@synchronized on a {kind.__name__} .* give it a lock"):
        synchronized(kind(lambda: None))


def test_class_method_above_has_no_object():
    """Where the order hides it until the call, the call says so."""

    class Late:
        @classmethod
        @synchronized
        def make(cls):
            pass

    with pytest.raises(TypeError, match="called with the class Late"):
        Late.make()


def test_function_needs_a_lock():
    """A function without arguments has no object either."""

    @synchronized
    def nothing():
        pass

    with pytest.raises(TypeError, match=r"nothing\(\) was called without its first argument"):
        nothing()


@pytest.mark.parametrize("value", [3, ["a", "b"], int, property(lambda self: 1)])
def test_what_cannot_be_decorated(value):
    """What is no function and no lock is refused when it is decorated."""
    with pytest.raises(TypeError, match="@synchronized"):
        synchronized(value)


@pytest.mark.parametrize("make", [*LOCKS, threading.Lock])
def test_lock_of_any_kind_can_be_given(make):
    """@synchronized(lock) takes any lock: it need not know its holder."""
    lock = make()

    @synchronized(lock)
    def held():
        return lock._is_owned() if hasattr(lock, "_is_owned") else lock.locked()

    assert held()
    assert lock.acquire(blocking=False)
    lock.release()


def test_lock_in_an_attribute():
    """A name stands for the lock in that attribute of self, in any class."""

    class Jar:
        def __init__(self):
            self._lock = threading.Lock()

        @synchronized("_lock")
        def full(self):
            return self._lock.locked()

    jar = Jar()
    assert jar.full()
    assert not jar._lock.locked()


def test_lock_in_an_attribute_of_a_shared_object():
    """The attribute is read before the lock is held, also where that lock guards the object."""

    @owned.owned
    class Jar:
        def __init__(self):
            self._lock = owned.Lock()
            self.value = 1

        @synchronized("_lock")
        def read(self):
            return self.value

    jar = Jar()
    owned.share(jar, lock=jar._lock)
    assert jar.read() == 1


def test_generator_holds_the_lock_in_each_step():
    """The lock is held while the generator's code runs, and not between two steps."""
    account = owned.share(Account())
    lock = owned.lock_of(account)
    seen = []
    for held in account.steps():
        seen.append((held, lock._is_owned()))
    assert seen == [(True, False), (True, False)]


def test_generator_speaks_the_whole_protocol():
    """send, throw, close and the return value go through, each under the lock."""
    lock = owned.RLock()

    @synchronized(lock)
    def echo():
        got = []
        try:
            while True:
                try:
                    got.append((yield got[-1:]))
                except KeyError:
                    return got, lock._is_owned()
        finally:
            got.append(lock._is_owned())

    one = echo()
    assert next(one) == []
    assert one.send(1) == [1]
    with pytest.raises(StopIteration) as stopped:
        one.throw(KeyError())
    assert stopped.value.value == ([1, True], True)
    two = echo()
    two.close()
    three = echo()
    next(three)
    three.close()
    assert three.gi_frame is None
    assert inspect.isgeneratorfunction(echo)


def test_coroutine_holds_the_lock_in_each_step():
    """The lock is held while the coroutine's code runs, and never across an await."""
    account = owned.share(Account())
    lock = owned.lock_of(account)
    between = []

    async def main():
        task = asyncio.create_task(account.wait())
        await asyncio.sleep(0)
        between.append(lock._is_owned())
        seen = [held async for held in account.items()]
        return await task, await account.wait(), seen

    assert asyncio.run(main()) == ((True, True), (True, True), [True, True])
    assert between == [False]
    assert inspect.iscoroutinefunction(Account.wait)
    assert inspect.isasyncgenfunction(Account.items)


def test_coroutine_is_cancelled_under_the_lock():
    """A cancellation arrives inside, with the lock held, as any step does."""
    lock = owned.RLock()
    seen = []

    @synchronized(lock)
    async def for_ever():
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            seen.append(lock._is_owned())

    async def main():
        task = asyncio.create_task(for_ever())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert seen == [True]


def test_coroutine_that_never_began():
    """Closing what never began needs no lock, and leaves no warning."""
    coroutine = owned.share(Account()).wait()
    coroutine.close()


def test_decorated_by_others():
    """What is no plain function goes through wrapt: a cached function, another decorator's object."""

    @wrapt.decorator
    def twice(wrapped, instance, args, kwargs):
        return wrapped(*args, **kwargs), wrapped(*args, **kwargs)

    @owned.owned
    class Counter:
        def __init__(self):
            self.value = 0

        @synchronized
        @twice
        def count(self):
            self.value += 1
            return self.value

    counter = owned.share(Counter())
    assert counter.count() == (1, 2)
    assert Counter.count(counter) == (3, 4)


def test_partialmethod():
    """A partial method over a synchronized one, and a synchronized partial method."""

    @owned.owned
    class More(Account):
        five = synchronized(functools.partialmethod(Account.deposit, 5))

    account = owned.share(More())
    assert account.five() == 5
    with owned.locked(account):
        assert account.ten() == 15


def deposit(self, amount: int = 1, *, twice: bool = False) -> int:
    """Put money in."""


@wrapt.decorator
def _through(wrapped, instance, args, kwargs):
    return wrapped(*args, **kwargs)


QUESTIONS = {
    "signature": inspect.signature,
    "name": lambda f: f.__name__,
    "qualname": lambda f: f.__qualname__,
    "doc": inspect.getdoc,
    "module": lambda f: f.__module__,
    "annotations": lambda f: f.__annotations__,
    "defaults": lambda f: f.__defaults__,
    "code": lambda f: f.__code__,
    "source": inspect.getsource,
    "class": lambda f: f.__class__,
    "is a function": inspect.isfunction,
    "is a routine": inspect.isroutine,
    "callable": callable,
    "help": lambda f: pydoc.plain(pydoc.render_doc(f)),
    "unwrapped": inspect.unwrap,
    "dict": lambda f: f.__dict__,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_introspection_is_that_of_wrapt(question):
    """Whoever asks gets wrapt's answer, which is the function's."""
    ask = QUESTIONS[question]
    assert ask(synchronized(deposit)) == ask(_through(deposit))


@pytest.mark.parametrize("question", ["signature", "name", "doc", "is a routine", "source"])
def test_introspection_of_a_bound_method(question):
    """The same for what an instance gives."""
    ask = QUESTIONS[question]

    class Ours:
        deposit = synchronized(deposit)

    class Theirs:
        deposit = _through(deposit)

    assert ask(Ours().deposit) == ask(Theirs().deposit)
    assert inspect.ismethod(Ours().deposit)
    assert Ours().deposit.__func__ is Ours.deposit


def test_attributes_are_the_functions():
    """Attributes are read, set and deleted on the function."""

    def f(self):
        pass

    method = synchronized(f)
    method.mark = 1
    assert f.mark == 1
    del f.mark
    assert not hasattr(method, "mark")
    assert method.__wrapped__ is f


def test_pickled_and_copied_by_name():
    """A method of a class and a bound one are pickled as functions are."""
    assert pickle.loads(pickle.dumps(Account.deposit)) is Account.deposit
    assert copy.copy(Account.deposit) is Account.deposit
    assert copy.deepcopy(Account.deposit) is Account.deposit
    assert pickle.loads(pickle.dumps(Account(2).deposit))(3) == 5


def test_abstract_method():
    """An abstract method stays abstract."""
    import abc

    class Base(abc.ABC):
        @synchronized
        @abc.abstractmethod
        def work(self): ...

    assert Base.__abstractmethods__ == {"work"}


def test_weak_reference_and_collection():
    """It can be weakly referenced, and a cycle through it is collected."""

    def f(self):
        pass

    method = synchronized(f)
    f.me = method
    ref = weakref.ref(method)
    del method, f
    gc.collect()
    assert ref() is None


def test_repr_names_the_function():
    """Its repr says what it is."""
    assert repr(Account.deposit).startswith("<synchronized <function Account.deposit at ")


def test_zero_argument_super_in_a_remade_class():
    """@owned makes the class anew, and finds the function behind the decorator."""

    class Base:
        def who(self):
            return "base"

    @owned.owned
    class Derived(Base):
        @synchronized
        def who(self):
            return super().who()

    assert owned.share(Derived()).who() == "base"


def test_needs_lock():
    """A class that would be unsafe without its guard is told apart from others."""
    from owned._synchronized import needs_lock

    assert needs_lock(Account)
    assert needs_lock(Slotted)

    class Below(Account):
        pass

    class Explicit:
        @synchronized(LOCK)
        def f(self): ...

        @owned.requires
        def g(self): ...

    class OnlyProperty:
        value = property(synchronized(lambda self: 1))

    assert needs_lock(Below)
    assert needs_lock(OnlyProperty)
    assert not needs_lock(Explicit)
    assert not needs_lock(int)


def test_unchecked_still_takes_the_lock():
    """unchecked() takes away checks, never locks."""
    account = owned.share(Account())
    with owned.unchecked():
        assert account.holds()


OFF = """
import threading, owned
assert owned.mode() == "off"

@owned.owned
class Counter:
    def __init__(self): self.value = 0
    @owned.synchronized
    def count(self):
        lock = owned.lock_of(self)
        self.value += 1
        return lock is not None and lock._is_owned()

@owned.owned(monitor=True)
class Monitor:
    def __init__(self): self.value = 0
    def holds(self): return owned.lock_of(self)._is_owned()

class Plain:
    def f(self): pass

assert owned.owned(Plain) is Plain
private = Counter()
assert not private.count()
shared = owned.share(Counter())
assert shared.count() and shared.value == 1
monitor = Monitor()
assert monitor.holds() and monitor.value == 0
moved = owned.move(Counter())
found = []
def other(): found.append((moved.claim().count(), shared.count(), monitor.holds(), shared.value))
thread = threading.Thread(target=other)
thread.start(); thread.join()
assert found == [(False, True, True, 2)], found
print("done")
"""


def test_mode_off_keeps_the_locks():
    """Off takes away checks, never locks: what is synchronized stays so, and nothing else is guarded."""
    done = subprocess.run(
        [sys.executable, "-c", OFF],
        env={**os.environ, "OWNED_MODE": "off"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")
