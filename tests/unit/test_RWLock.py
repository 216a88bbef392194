# SPDX-License-Identifier: MIT
"""RWLock: one thread at a time, and two where one has to wait."""

import copy
import gc
import pickle
import re
import signal
import threading
import weakref

import pytest

import owned
from actors import Actor
from locks import LIMIT, held_elsewhere, in_line, join, orphan
from owned import _core

SIDES = pytest.mark.parametrize("side", ["read", "write"])
WAYS = pytest.mark.parametrize("way", ["read", "write", "itself"])
needs_signals = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers here")


@pytest.fixture
def rw():
    return owned.RWLock()


@pytest.fixture
def other():
    actor = Actor("the other")
    yield actor
    actor.end()


def taken_by(rw, way):
    return rw if way == "itself" else getattr(rw, way)


@WAYS
def test_acquire_and_release(rw, way):
    """A free side is had at once, and is free again after release."""
    side = taken_by(rw, way)
    assert side.acquire() is True
    assert side._is_owned()
    assert rw.locked()
    assert side.release() is None
    assert not side._is_owned()
    assert not rw.locked()


@WAYS
def test_with(rw, way):
    """The block holds the side, also when it ends with an exception."""
    side = taken_by(rw, way)
    with side as entered:
        assert entered is True
        assert side._is_owned()
    with pytest.raises(KeyError), side:
        raise KeyError
    assert not rw.locked()


@pytest.mark.parametrize(
    ("held", "wanted", "had"),
    [("read", "read", True), ("read", "write", False), ("write", "read", False), ("write", "write", False)],
)
@pytest.mark.parametrize("how", [{"blocking": False}, {"timeout": 0.001}])
def test_who_keeps_out_whom(rw, held, wanted, had, how):
    """Readers go together; a writer is alone."""
    with held_elsewhere(getattr(rw, held)):
        side = getattr(rw, wanted)
        assert side.acquire(**how) is had
        assert side.locked() is not had
        if had:
            side.release()
    assert not rw.locked()


def test_itself_is_the_write_side(rw, other):
    """The lock acts as its write side in all that it has in common with it."""
    with rw:
        assert rw.write._is_owned()
        assert rw.write.acquire()
        rw.release()
        assert rw._recursion_count() == rw.write._recursion_count() == 1
        assert not other(rw.read.acquire, False)


@SIDES
def test_reentrant(rw, side):
    """A side may be taken again, and is given back as often."""
    for depth in range(1, 4):
        getattr(rw, side).acquire()
        assert getattr(rw, side)._recursion_count() == depth
    for _ in range(3):
        assert rw.locked()
        getattr(rw, side).release()
    assert not rw.locked()


def test_reading_again_while_a_writer_waits(rw, other):
    """Who reads already does not stand in line behind the writer that waits for it."""
    with rw.read:
        writer = threading.Thread(target=lambda: rw.write.acquire() and rw.write.release())
        writer.start()
        in_line(rw, writers=1)
        assert rw.read.acquire(timeout=LIMIT)
        assert not other(rw.read.acquire, False)
        rw.read.release()
    join(writer)


def test_writer_reads_and_downgrades(rw, other):
    """The writer may take the read side; with the write side given back first it goes on as a reader."""
    with rw.write:
        assert rw.read.acquire(False)
        assert not other(rw.read.acquire, False)
    assert other(rw.read.acquire, False)
    other(rw.read.release)
    assert not other(rw.write.acquire, False)
    rw.read.release()
    assert not rw.locked()


@pytest.mark.parametrize("how", [{}, {"blocking": False}, {"timeout": 1}])
def test_upgrade_is_refused(rw, how):
    """Reading and then writing would wait for itself, and says so at once, whatever the timeout."""
    with rw.read:
        with pytest.raises(owned.LockOrderError, match="holds the read side only.* wait for itself for ever.*may read"):
            rw.write.acquire(**how)
        with pytest.raises(owned.LockOrderError), rw:
            pytest.fail("not reached")
        assert rw.read._recursion_count() == 1
    assert not rw.locked()


def test_release_of_what_is_not_held(rw, other):
    """By nobody's holder, by another thread, and of the wrong side; each says what is held."""
    with pytest.raises(owned.LockNotHeldError, match="release the read side .* nobody holds it"):
        rw.read.release()
    with pytest.raises(RuntimeError, match="release the write side"):
        rw.release()
    with rw.read, pytest.raises(owned.LockNotHeldError, match=r"read side only.*rw\.read\.release\(\)"):
        rw.write.release()
    with rw.write:
        with pytest.raises(owned.LockNotHeldError, match=r"write side only.*rw\.write\.release\(\)"):
            rw.read.release()
        with pytest.raises(owned.LockNotHeldError, match="neither side, and thread 'MainThread' holds the write side"):
            other(rw.write.release)
    with rw.read, pytest.raises(owned.LockNotHeldError, match="thread 'MainThread' holds the read side"):
        other(rw.read.release)


@WAYS
@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((False, 1), {}), ((), {"timeout": -100}), ((), {"timeout": "1"}), ((), {"wait": True}), ((True, 1, 2), {})],
)
def test_arguments_are_refused_as_threading_does(rw, way, args, kwargs):
    """The same exception as threading's own lock."""
    with pytest.raises((TypeError, ValueError)) as expected:
        threading.RLock().acquire(*args, **kwargs)
    with pytest.raises(type(expected.value)):
        taken_by(rw, way).acquire(*args, **kwargs)
    assert not rw.locked()


def test_takes_no_arguments():
    """As RLock(); a subclass may."""
    with pytest.raises(TypeError, match=r"RWLock\(\) takes no arguments"):
        owned.RWLock(1)

    class Named(owned.RWLock):
        def __init__(self, name):
            self.name = name

    assert Named("x").name == "x"
    with Named("x").read:
        pass


def test_sides_are_equal(rw):
    """A side is made each time that it is asked for, and stands for its lock and side."""
    assert rw.read == rw.read
    assert rw.read != rw.write
    assert rw.read != owned.RWLock().read
    assert len({rw.read, rw.read, rw.write}) == 2
    with pytest.raises(TypeError):
        type(rw.read)()


def test_repr(rw, other):
    """It names the writer and how often, or the readers; also those that have ended."""
    assert re.fullmatch(r"<unlocked owned\.RWLock object at 0x\w+>", repr(rw))
    with rw, rw:
        assert re.fullmatch(r"<write-locked owned\.RWLock object owner='MainThread' count=2 at 0x\w+>", repr(rw))
        assert repr(rw.read) == f"<read side of {rw!r}>"
    other(rw.read.acquire)
    with rw.read:
        assert re.fullmatch(r"<read-locked \S+ object readers='the other', 'MainThread' at 0x\w+>", repr(rw))
    other(rw.read.release)
    orphan(rw.read)
    assert "readers='the departed' (ended)" in repr(rw)


def test_is_a_lock_like_any_other():
    """Not pickled, not copied, not wrapped; weakly referenced; garbage in a cycle is found."""
    rw = owned.RWLock()
    for lock in (rw, rw.read):
        for copied in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot pickle"):
                copied(lock)
        with pytest.raises(TypeError, match="serves many threads"):
            owned.own(lock)
    with pytest.raises(TypeError):
        owned.owned(type("Mine", (owned.RWLock,), {}))
    items = owned.share(owned.List(), lock=rw)
    with rw:
        items.append((items, rw, rw.read))
    ref = weakref.ref(rw)
    del rw, items, lock
    gc.collect()
    assert ref() is None


@SIDES
def test_dies_held(side):
    """A lock that dies while it is held is forgotten, and one that lives where it lived is not held."""
    for _ in range(50):
        rw = owned.RWLock()
        assert not rw.read._is_owned()
        getattr(rw, side).acquire()
        del rw


# ---- what is shared under it ---------------------------------------------------------------------------------------


@owned.owned
class Account:
    def __init__(self):
        self.balance = 1
        self.notes = [1]


@pytest.fixture
def account(rw):
    return owned.share(Account(), lock=rw)


def test_reads_under_the_read_side(rw, account):
    """Fields, and what hangs from them."""
    with rw.read:
        assert account.balance == 1
        assert list(account.notes) == [1]
        assert "Account" in repr(account)
    with pytest.raises(owned.LockNotHeldError, match=r"which nobody holds.*locked\(obj, read=True\)"):
        _ = account.balance


def test_writes_under_the_read_side(rw, account, other):
    """Refused, with what is held, by whom else, and what is needed."""
    other(rw.read.acquire)
    needs = "whose read side this thread holds with 1 other thread.* needs the write side: give the read side back"
    with rw.read:
        with pytest.raises(owned.LockNotHeldError, match=f"write Account.balance, .*{needs}"):
            account.balance = 2
        with pytest.raises(owned.LockNotHeldError, match=r"call List.append\(\), .*`with locked\(obj\)"):
            account.notes.append(2)
        with pytest.raises(owned.LockNotHeldError):
            owned.freeze(account)
        assert account.balance == 1
    other(rw.read.release)
    with rw:
        account.balance = 2
        account.notes.append(2)


def test_refusal_names_readers(rw, account, other):
    """Somebody else's read side lets this thread do nothing, and the message says whose it is."""
    other(rw.read.acquire)
    with pytest.raises(owned.LockNotHeldError, match="whose read side thread 'the other' holds") as caught:
        account.balance = 2
    assert caught.value.lock == f"<RWLock at {id(rw):#x}>"
    assert "whose read side thread 'the other' holds" in owned.explain(account)
    other(rw.read.release)


def test_looks(rw, account):
    """The verbs that look: the lock is the RWLock, the owner is the writer, and reading makes nobody that."""
    assert owned.lock_of(account) is rw
    assert owned.state(account) == owned.state(rw) == "shared"
    with rw.read:
        assert owned.owner(account) is None
    with rw:
        assert owned.owner(account).name == "MainThread"
        assert owned.explain(account).count("MainThread")


def test_share_takes_the_lock_itself(rw):
    """Not one of its sides: the object belongs to both."""
    for side in (rw.read, rw.write):
        with pytest.raises(TypeError, match="share under the lock itself"):
            owned.share(owned.List(), lock=side)
    items = rw.protect(owned.List([1]))
    assert owned.lock_of(items) is rw


def test_locked(rw, account):
    """locked() takes the write side, locked(read=True) the read side; of another lock, the lock."""
    with owned.locked(account) as a:
        assert rw.write._is_owned()
        a.balance += 1
        with owned.locked(account, read=True):
            assert rw.read._recursion_count() == 1
    with owned.locked(account, read=True) as a:
        assert (rw.read._recursion_count(), rw._is_owned()) == (1, False)
        with pytest.raises(owned.LockOrderError), owned.locked(account):
            pytest.fail("not reached")
    assert not rw.locked()
    items = owned.share(owned.List())
    with owned.locked(items, read=True):
        items.append(1)


def test_a_plain_container_becomes_guarded_in_writing_hands(rw):
    """One that got into an instance's dict past the check is made guarded by its first reader, who has to be alone."""

    @owned.owned
    class Bag:
        def __init__(self):
            object.__setattr__(self, "items", [1])

    bag = owned.share(Bag(), lock=rw)
    with rw.read, pytest.raises(owned.LockNotHeldError, match=r"read and guard Bag\.items"):
        _ = bag.items
    with rw:
        assert type(bag.items) is owned.List
    with rw.read:
        assert bag.items == [1]


@pytest.mark.parametrize("guard", [owned.owned, lambda cls: cls])
def test_cached_property(rw, guard):
    """The first reading of one writes, later ones do not."""
    from functools import cached_property

    class Page:
        @cached_property
        def text(self):
            return "text"

    page = owned.share(owned.own(guard(Page)()), lock=rw)
    with rw.read, pytest.raises(owned.LockNotHeldError, match=r"compute and cache Page\.text"):
        _ = page.text
    with rw:
        assert page.text == "text"
    with rw.read:
        assert page.text == "text"


def test_the_dict_of_an_instance(rw, account):
    """Nothing can be written through it under the read side."""
    with rw.read:
        assert vars(account)["balance"] == 1
        with pytest.raises(TypeError):
            vars(account)["balance"] = 2
        assert copy.copy(account).balance == 1
        assert pickle.loads(pickle.dumps(account.notes)) == [1]
    with rw:
        vars(account)["balance"] = 2


def test_modes(rw, account):
    """In guard every read passes and writes need the write side; off, the lock excludes and nothing is checked."""
    with owned.guard():
        assert account.balance == 1
        with rw.read, pytest.raises(owned.LockNotHeldError):
            account.balance = 2


def test_requires_and_guarded_by(rw):
    """@requires takes the side it names; an attribute guarded by the lock is read under either side."""

    @owned.requires(rw.read)
    def look():
        return "looked"

    @owned.requires(rw)
    def change():
        return "changed"

    class Row:
        value = owned.guarded_by("_lock")

        def __init__(self):
            self.value = 1
            self._lock = rw

    row = Row()
    with pytest.raises(owned.LockNotHeldError, match="requires the read side of <RWLock at .*, but nobody holds it"):
        look()
    with rw.read:
        assert (look(), row.value) == ("looked", 1)
        with pytest.raises(owned.LockNotHeldError, match="but this thread holds the read side only"):
            change()
        with pytest.raises(owned.LockNotHeldError):
            row.value = 2
    with rw:
        assert (look(), change()) == ("looked", "changed")
        row.value = 2


def test_synchronized_with_sides(rw):
    """@synchronized(rw.read) takes that side for each call."""

    @owned.synchronized(rw.read)
    def look():
        return rw.read._recursion_count(), rw._recursion_count()

    @owned.synchronized(rw)
    def change():
        return rw.read._recursion_count(), rw._recursion_count()

    assert (look(), change()) == ((1, 0), (0, 1))
    assert not rw.locked()


# ---- waiting -------------------------------------------------------------------------------------------------------


@needs_signals
@SIDES
def test_ctrl_c_ends_the_wait(rw, side):
    """A handler that raises ends a wait for ever, and the lock is as it was."""

    class Interrupted(Exception):
        pass

    def interrupt(*_):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with held_elsewhere(rw.write):
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            with pytest.raises(Interrupted):
                getattr(rw, side).acquire()
            assert not getattr(rw, side)._is_owned()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with rw:
        pass


@needs_signals
def test_handler_takes_what_the_thread_waits_for(rw):
    """A handler that reads, and goes on reading, while its thread waits to read: both count."""
    release = threading.Event()

    def read_and_go_on(*_):
        release.set()
        rw.read.acquire()

    before = signal.signal(signal.SIGALRM, read_and_go_on)
    try:
        with held_elsewhere(rw.write) as enough:
            threading.Thread(target=lambda: (release.wait(LIMIT), enough.set())).start()
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            assert rw.read.acquire(timeout=LIMIT)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rw.read._recursion_count() == 2
    rw.read.release()
    assert rw.locked()
    rw.read.release()
    assert not rw.locked()


@pytest.mark.parametrize("wanted", ["read", "write"])
def test_orphaned_by_a_writer(rw, wanted):
    """Nobody will release it: who wants a side is told who held it, and adopt() takes the write side over."""
    orphan(rw.write)
    with pytest.raises(owned.OrphanedError, match="'the departed', which holds the write side, has ended.*adopt"):
        getattr(rw, wanted).acquire()
    with pytest.raises(owned.OrphanedError):
        getattr(rw, wanted).acquire(False)
    assert owned.adopt(rw) is rw
    assert rw._recursion_count() == 1
    rw.release()
    assert not rw.locked()


def test_orphaned_by_a_reader(rw):
    """A writer is told; adopt() lets go of what the reader held, and readers are not concerned."""
    orphan(rw.read)
    with rw.read:
        pass
    with pytest.raises(owned.OrphanedError, match="'the departed' holds the read side and has ended.*adopt"):
        rw.write.acquire()
    assert owned.adopt(rw) is rw
    assert not rw.locked()


@SIDES
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_adopted_while_it_is_told(rw, side, nth):
    """The collector runs, and another thread adopts the lock then: who wants it gets it, or is told what was so."""
    orphan(getattr(rw, side))
    took = []

    def adopt(phase, info):
        took.append(phase)
        if len(took) == nth:
            adopted = threading.Thread(target=lambda: (owned.adopt(rw), rw._is_owned() and rw.release()))
            adopted.start()
            join(adopted)

    acquire, threshold, told = rw.acquire, gc.get_threshold(), False
    spare = [[] for _ in range(200)], [(each,) for each in range(3000)]  # there are none left that need no memory
    gc.callbacks.append(adopt)
    gc.set_threshold(1)
    try:
        acquire()
    except owned.OrphanedError:
        told = True
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(adopt)
    del spare
    assert told is not rw._is_owned()
    if told and rw.locked():
        owned.adopt(rw)


def test_orphaned_while_waiting(rw):
    """A thread that waits hears within half a second that whom it waits for has ended; readers behind it go on."""
    told, read = [], []

    def write():
        try:
            rw.write.acquire()
        except owned.OrphanedError as error:
            told.append(error)

    reader_dies = Actor("short of breath")
    reader_dies(rw.read.acquire)
    writer = threading.Thread(target=write)
    writer.start()
    in_line(rw, writers=1)
    behind = threading.Thread(target=lambda: read.append(rw.read.acquire(timeout=LIMIT)))
    behind.start()
    in_line(rw, writers=1, readers=1)
    reader_dies.end()
    join(writer)
    join(behind)
    assert [type(error) for error in told] == [owned.OrphanedError]
    assert read == [True]


def test_adopt_refuses(rw, other):
    """What a living thread holds, and what nobody holds; what this thread holds it has already."""
    with pytest.raises(ValueError, match="nobody holds"):
        owned.adopt(rw)
    for side in (rw.read, rw.write):
        other(side.acquire)
        with pytest.raises(owned.LockNotHeldError, match="'the other' holds the .* still runs"):
            owned.adopt(rw)
        other(side.release)
    with rw.read:
        owned.adopt(rw)
    with rw:
        owned.adopt(rw)
        assert rw._recursion_count() == 1


# ---- under a Condition, and in strict mode ------------------------------------------------------------------------


@pytest.mark.parametrize("which", [lambda rw: rw, lambda rw: rw.write])
def test_condition(rw, which):
    """threading.Condition on the write side: wait() gives it back however often it was taken, and takes it again."""
    condition = threading.Condition(which(rw))
    seen = []

    def wait():
        with condition, rw.write:
            seen.append(condition.wait(LIMIT))
            seen.append(rw._recursion_count())

    thread = threading.Thread(target=wait)
    with rw:
        thread.start()
    while not condition._waiters:
        threading.Event().wait(0.001)
    with condition:
        condition.notify()
    join(thread)
    assert seen == [True, 2]


def test_condition_refuses_to_keep_writers_out(rw):
    """Waiting with the read side held would keep every writer out that could end the wait."""
    condition = threading.Condition(rw)
    with rw.write, rw.read, pytest.raises(owned.LockOrderError, match="holds the read side as well"):
        condition.wait(LIMIT)


def test_acquire_restore_refuses_nonsense(rw):
    """What did not come from _release_save(), and a lock that is held."""
    with pytest.raises(ValueError, match="got 0"):
        rw._acquire_restore(0)
    with pytest.raises(owned.LockNotHeldError):
        rw._release_save()
    with rw, pytest.raises(RuntimeError, match="follows"):
        rw._acquire_restore(1)


@pytest.mark.parametrize(("first", "second"), [("read", "write"), ("write", "read"), ("read", "read")])
def test_strict_order(rw, first, second):
    """Both sides have the lock's place in the order: a contradiction is found through either, before it deadlocks."""
    with owned.strict():
        a, b = owned.RWLock(), owned.RWLock()
        with getattr(a, first), b:
            pass
        with getattr(b, second), pytest.raises(owned.LockOrderError, match="the other order was taken before"):
            a.write.acquire()


def test_strict_lists_it_once():
    """It is on the list of what is held from the first side to the last, and told with the place."""
    with owned.strict():
        _core.record_holds(10)
        try:
            rw = owned.RWLock()
            rw.write.acquire()
            rw.read.acquire()
            rw.write.release()
            (hold,) = _core.lock_holds()
            assert hold[:2] == (_core.lock_ordinal(rw), "RWLock")
            assert hold[-1] is None
            rw.read.release()
            (hold,) = _core.lock_holds()
            assert hold[-1] is not None
        finally:
            _core.record_holds(0)
        assert _core.lock_made(rw)[0].co_name == "test_strict_lists_it_once"
        with rw.read, pytest.raises(owned.LockOrderError, match=r"read side only \(taken at .*test_RWLock\.py:\d+"):
            rw.write.acquire()


@needs_signals
@pytest.mark.parametrize(("handler_takes", "held_last"), [("read", "read"), ("write", "read"), ("write", "write")])
def test_strict_lists_it_once_when_a_handler_takes_it_too(handler_takes, held_last):
    """A signal handler takes a side and keeps it while its thread waits to read: one entry for both."""
    rw, release = owned.RWLock(), threading.Event()

    def take_and_keep(*_):
        release.set()
        getattr(rw, handler_takes).acquire()

    before = signal.signal(signal.SIGALRM, take_and_keep)
    with owned.strict():
        _core.record_holds(10)
        try:
            with held_elsewhere(rw.write) as enough:
                threading.Thread(target=lambda: (release.wait(LIMIT), enough.set())).start()
                signal.setitimer(signal.ITIMER_REAL, 0.02)
                assert rw.read.acquire(timeout=LIMIT)
            mine = [hold for hold in _core.lock_holds() if hold[3] == _core.thread_id()]
            assert [hold[-1] for hold in mine] == [None]
            for side in sorted(["read", handler_takes], key=lambda side: side == held_last):
                assert _core.lock_holds()[-1][-1] is None
                getattr(rw, side).release()
            assert None not in [hold[-1] for hold in _core.lock_holds()]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            _core.record_holds(0)
    assert not rw.locked()
