# SPDX-License-Identifier: MIT
"""The mode off: nothing is checked, and a program goes on working. In processes of their own."""

from __future__ import annotations

import pytest

from programs import run_program

OFF = """\
import os
os.environ["OWNED_MODE"] = "off"
import contextlib, gc, threading, warnings, weakref
import owned

def elsewhere(function, *args):
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*args)))
    thread.start()
    thread.join()
    return results.pop()

def outcome(function):
    try:
        return function()
    except Exception as error:
        return error

@contextlib.contextmanager
def raising(kind, text=""):
    try:
        yield
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"no {kind.__name__}")
"""


def test_nothing_is_guarded() -> None:
    """Decorators and own() return what they are given, and every thread may touch it."""
    run_program(
        OFF
        + """
class Account:
    def __init__(self):
        self.balance = 0

plain, keys = Account, set(vars(Account))
assert owned.owned(Account) is plain and owned.owned(slots=True)(Account) is plain
assert set(vars(Account)) == keys

account, items = Account(), [1]
assert owned.own(items) is items and owned.unwrap(items) is items and type(items) is list
elsewhere(setattr, account, "balance", 5)
assert account.balance == 5
assert owned.state(account) == owned.state(items) == "unguarded"
assert owned.owner(account) is None and owned.lock_of(account) is None
assert "guarded by nobody" in owned.explain(account)
assert owned.adopt(account) is account
assert owned.task_private(account) is account
thread = threading.Thread(target=lambda: None)
assert owned.adopt(thread) is thread

parcel = owned.move(account)
assert elsewhere(parcel.claim) is account
with raising(owned.MovedError):
    parcel.claim()
main = threading.current_thread()
with raising(owned.WrongThreadError):
    raise elsewhere(outcome, owned.move(account, to=main).claim)
"""
    )


def test_what_is_guarded_nevertheless() -> None:
    """A class that derives from Owned by itself, and a List, let everything pass; what is frozen stays so."""
    run_program(
        OFF
        + """
class Slots(owned.Owned):
    __slots__ = ("a",)

class Dicted(owned.Owned):
    pass

for cls in (Slots, Dicted):
    x = cls()
    x.a = [1]
    assert type(x.a) is list
    elsewhere(setattr, x, "a", 2)
    assert (elsewhere(getattr, x, "a"), elsewhere(repr, x)) == (2, repr(x))
    assert owned.state(x) == "unguarded"
    frozen = elsewhere(owned.freeze, x)
    assert frozen is x and owned.state(x) == "frozen" and owned.is_frozen(x)
    with raising(owned.FrozenError):
        x.a = 3
    y = owned.thaw(x)
    y.a = 4
    assert elsewhere(lambda: y.a) == 4

for x, write, read in ((owned.List([1]), lambda x: x.append(2), len), (owned.Dict(a=1), lambda x: x.update(b=1), len),
                       (owned.Set([1]), lambda x: x.add(2), len)):
    elsewhere(write, x)
    assert elsewhere(read, x) == read(x) == 2
    assert list(x) == elsewhere(list, x)
assert elsewhere(owned.freeze, owned.List([1])) == (1,)

with owned.Region() as region:
    x = Slots()
parcel = owned.move(region)
def enter():
    with parcel.claim() as claimed:
        return claimed
assert elsewhere(enter) is region
assert owned.stats().violations == 2  # the two FrozenErrors
"""
    )


def test_locks_go_on_excluding() -> None:
    """share() remembers the lock; locked(), lock_of() and protect() find it, and threads exclude each other."""
    run_program(
        OFF
        + """
@owned.owned
class Counter:
    def __init__(self):
        self.n = 0

counter = Counter()
lock = owned.Lock()
assert owned.share(counter, lock=lock) is counter and owned.share(counter, lock=lock) is counter
assert owned.lock_of(counter) is lock and owned.state(counter) == "unguarded"

inside, most = 0, 0
def work():
    global inside, most
    for _ in range(300):
        with owned.locked(counter) as same:
            inside += 1
            most = max(most, inside)
            n = same.n
            for _ in range(20):
                pass
            same.n = n + 1
            inside -= 1

threads = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
assert (counter.n, most) == (1200, 1)
with owned.locked(counter):
    assert lock.locked() and owned.owner(lock).name == threading.current_thread().name
assert not lock.locked()

with raising(owned.OwnershipError, "shared already"):
    owned.share(counter, lock=owned.RLock())
with raising(TypeError, "threading.Lock"):
    owned.share(Counter(), lock=threading.Lock())
for kind in (owned.RLock, threading.RLock, threading.Condition):
    other = owned.share(Counter(), lock=kind())
    with owned.locked(other):
        assert isinstance(owned.lock_of(other), type(kind()))
protected = Counter()
assert lock.protect(protected) is protected and owned.lock_of(protected) is lock
assert isinstance(owned.lock_of(owned.share(Counter())), owned.RLock)

# a lock that nobody knows
with raising(RuntimeError, "nobody knows which lock guards this Counter"):
    owned.locked(Counter())
with owned.locked(owned.freeze(Counter())):
    pass

# a list cannot be weakly referenced: it is kept; another object is not
items = owned.share([1], lock=lock)
with owned.locked(items):
    assert lock.locked()
gone = weakref.ref(counter)
known = len(owned._off._locks)
del counter
gc.collect()
assert gone() is None and len(owned._off._locks) == known - 1

# adopt takes a lock over whose holder has ended
elsewhere(lock.acquire)
with raising(owned.OrphanedError):
    lock.acquire()
assert owned.adopt(lock) is lock and lock.locked()
lock.release()
assert owned.stats().shares == 7, owned.stats()
"""
    )


@pytest.mark.parametrize("first", ["class", "own", "share"])
def test_off_is_for_the_whole_life(first: str) -> None:
    """Going to off and coming from it is possible until something was decorated or owned, and an error afterwards."""
    run_program(
        OFF
        + f"""
first = {first!r}
with owned.checked():
    assert owned.mode() == "checked"
assert owned.mode() == "off"
with owned.configure(mode="off", policy="count"):
    pass
if first == "class":
    @owned.owned
    class Account:
        pass
elif first == "own":
    owned.own([])
else:
    owned.share([], lock=owned.Lock())
for mode in ("guard", "checked", "strict"):
    with raising(RuntimeError, "nothing would check them"):
        owned.configure(mode=mode)
assert owned.mode() == "off"
owned.configure(mode="off")
"""
    )


def test_atomics_and_regions() -> None:
    """Nothing is refused; Lazy still freezes; a Region is empty, and merges with anything."""
    run_program(
        OFF
        + """
value = [1]
ref = owned.AtomicRef(value)
assert ref.get() is value and ref.update(lambda old: [*old, 2]) == [1, 2]
assert owned.Once().call(list) == []
assert owned.Lazy(lambda: [1])() == (1,)
with owned.Region() as region:
    inside = owned.List([1])
other = elsewhere(owned.Region)
region.merge(other)
other.merge(region)
region.merge(owned.Region())
assert owned.share(region) is region
region.merge(owned.Region())
"""
    )
