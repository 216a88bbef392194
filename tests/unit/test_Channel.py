# SPDX-License-Identifier: MIT
"""Channel: what passes, what moves, what is refused, and all that may go wrong on the way."""

import copy
import dataclasses
import functools
import gc
import pickle
import queue
import sys
import threading
import typing
import warnings
import weakref

import attrs
import pytest

import owned
from owned import Channel, ChannelClosed
from strictly import mode

OFF, GUARD = 0, 1


@owned.owned
class Account:
    def __init__(self, balance=0):
        self.balance = balance

    def deposit(self, amount):
        self.balance += amount


@owned.owned(slots=True)
class Point:
    x: int = 1


def assert_gone(obj, read):
    """The object was put: touching it is refused, and the channel is named."""
    assert owned.state(obj) is owned.State.IN_TRANSIT
    with pytest.raises(owned.MovedError, match="was put into channel 'jobs' and nobody has got it yet"):
        read(obj)


@pytest.fixture
def jobs():
    return Channel(name="jobs")


# ---- what passes as it is ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        None,
        1,
        "text",
        (1, (2.0, b"3")),
        frozenset({1}),
        Account,
        len,
        owned.freeze(Account(1)),
        owned.share(Account(1)),
        owned.Lock(),
        threading.Event(),
        Channel(),
    ],
    ids=lambda item: type(item).__name__,
)
def test_passes(jobs, elsewhere, item):
    """What cannot change, is frozen or shared, or guards itself goes through as it is."""
    before = owned.state(item)
    jobs.put(item)
    assert elsewhere(jobs.get) is item
    assert owned.state(item) is before


# ---- what moves --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "read"),
    [
        (Account, lambda a: a.balance),
        (Point, lambda p: p.x),
        (lambda: owned.List([1, 2]), len),
        (lambda: owned.Dict(a=1), lambda d: d["a"]),
        (lambda: owned.Set({1}), len),
        (lambda: owned.own([1, 2]), len),
        (lambda: Account(owned.List([Account()])), lambda a: a.balance),
    ],
    ids=["dict", "slots", "List", "Dict", "Set", "wrapper", "graph"],
)
@pytest.mark.parametrize("strict", [False, True])
def test_moves(jobs, elsewhere, make, read, strict):
    """A private object is nobody's while it is in the channel, and then the getter's."""
    with mode(3 if strict else 2):
        obj = make()
        jobs.put(obj)
        assert_gone(obj, read)

        def get():
            got = jobs.get()
            read(got)
            return got is obj, owned.owner(got).name

        assert elsewhere(get) == (True, "elsewhere")
        with pytest.raises(owned.OrphanedError):
            read(obj)


def test_moves_all_that_is_reached(jobs, elsewhere):
    """What a private object reaches goes along, and what belongs to another region stays."""
    inner, shared = Account(1), owned.share(Account(2))
    outer = Account(owned.List([inner, shared]))
    jobs.put(outer)
    assert_gone(inner, lambda a: a.balance)
    assert owned.state(shared) is owned.State.SHARED

    def get():
        got = jobs.get()
        return got is outer, got.balance[0].balance

    assert elsewhere(get) == (True, 1)


@pytest.mark.parametrize(
    ("wrap", "unwrap"),
    [
        (lambda a: (1, (a,)), lambda t: t[1][0]),
        (lambda a: frozenset({a}), lambda s: next(iter(s))),
        (lambda a: owned.frozendict(a=a), lambda d: d["a"]),
        (lambda a: a.deposit, lambda m: m.__self__),
        (lambda a: functools.partial(print, a, b=1), lambda p: p.args[0]),
        (lambda a: functools.partial(print, b=a), lambda p: p.keywords["b"]),
        (lambda a: (functools.partial(a.deposit, 1),), lambda t: t[0].func.__self__),
    ],
    ids=["tuple", "frozenset", "frozendict", "method", "partial", "keyword", "nested"],
)
def test_moves_what_is_inside_of_what_cannot_change(jobs, elsewhere, wrap, unwrap):
    """A private object in a tuple, frozenset, frozendict, bound method or partial is moved with it."""
    account = Account(5)
    jobs.put(wrap(account))
    assert_gone(account, lambda a: a.balance)
    assert elsewhere(lambda: unwrap(jobs.get()).balance) == 5


@pytest.mark.parametrize("strict", [False, True])
def test_region(jobs, elsewhere, strict):
    """A Region goes as a whole; one whose block is open is refused."""
    with mode(3 if strict else 2):
        with owned.Region() as region:
            accounts = [Account(i) for i in range(10)]
            with pytest.raises(RuntimeError, match="still open"):
                jobs.put(region)
        jobs.put((region, "with a word"))
        assert_gone(accounts[3], lambda a: a.balance)

        def get():
            got, word = jobs.get()
            return got is region, word, sum(account.balance for account in accounts)

        assert elsewhere(get) == (True, "with a word", 45)


def test_got_is_in_no_region(jobs):
    """What is got inside of a `with Region()` block is private to the thread, and not part of the region."""
    jobs.put(Account(1))
    with owned.Region() as region:
        got = jobs.get()
    owned.share(region)
    assert got.balance == 1


def test_again(jobs):
    """An object that was got can be put again, and one that was put cannot."""
    account = Account(1)
    for _ in range(3):
        jobs.put(account)
        with pytest.raises(owned.MovedError, match="tried to put"):
            jobs.put(account)
        assert jobs.qsize() == 1
        assert jobs.get() is account
        account.deposit(1)
    assert account.balance == 4


def test_parcel(jobs, elsewhere):
    """A parcel arrives claimed, whoever gets it; one that is claimed already is refused, or missed by the getter."""
    parcel = owned.move(Account(7))
    jobs.put(parcel)
    assert elsewhere(lambda: jobs.get().balance) == 7
    with pytest.raises(owned.MovedError, match="get\\(Parcel\\) from channel 'jobs'"):
        parcel.claim()
    with pytest.raises(owned.MovedError, match="has been claimed"):
        jobs.put(parcel)
    late = owned.move(Account(8))
    jobs.put(late)
    late.claim()
    with pytest.raises(owned.MovedError, match="has been claimed"):
        jobs.get()
    assert jobs.empty()


class Unlucky:
    """Cannot be unpickled the first time."""

    def __reduce__(self):
        return _unlucky, ()


_first_time = []  # what to call


def _unlucky():
    if _first_time:
        _first_time.pop()()
        raise ConnectionError("not now")
    return Unlucky()


@pytest.mark.parametrize("kind", ["get", "select", "next"])
def test_parcel_that_cannot_be_unpickled_now(jobs, kind):
    """It is the channel's first item still, and who came to wait meanwhile is woken for it."""
    take = {"get": jobs.get, "select": lambda: owned.select(jobs)[1], "next": lambda: next(jobs)}[kind]
    woken, tokens = threading.Event(), []
    jobs.put(pickle.loads(pickle.dumps(owned.move(Account(Unlucky())))))
    _first_time.append(lambda: tokens.append(jobs._when("get", woken.set)))
    with pytest.raises(ConnectionError, match="not now"):
        take()
    assert woken.is_set() and len(tokens) == 1
    jobs.put("second")
    assert jobs.qsize() == 2
    assert type(take().balance) is Unlucky
    assert take() == "second"


def test_parcel_with_an_address(jobs):
    """A parcel that is addressed to a thread passes as it is: the channel cannot know who will get it."""
    parcel = owned.move(Account(7), to=threading.current_thread())
    jobs.put(parcel)
    assert jobs.get() is parcel
    assert parcel.claim().balance == 7


# ---- what is refused ---------------------------------------------------------------------------------------------


class Plain:
    pass


@pytest.mark.parametrize(
    ("item", "way"),
    [
        ([1], "`item` is a list"),
        ({}, "`item` is a dict"),
        (Plain(), "`item` is a Plain"),
        ((1, ([],)), r"`item\[1\]\[0\]` is a list"),
        (functools.partial(print, end=[]), r"`item.keywords\['end'\]` is a list"),
        ([].append, "`item.__self__` is a list"),
    ],
    ids=["list", "dict", "instance", "tuple", "partial", "method"],
)
def test_unguarded(jobs, item, way):
    """What can change and nobody guards is refused, with the way to it and the way out."""
    with pytest.raises(TypeError, match=f"{way}.*own"):
        jobs.put(item)
    assert jobs.empty()


@dataclasses.dataclass(frozen=True)
class Coordinates:
    x: int
    tags: list


@dataclasses.dataclass(frozen=True)
class Place(Coordinates):
    name: str = "here"


@attrs.frozen
class Sizes:
    x: int
    tags: list


@attrs.define
class Movable:
    x: int
    tags: list


@pytest.mark.parametrize("cls", [Coordinates, Place, Sizes])
@pytest.mark.parametrize("way", ["put", "submit"])
def test_refuses_writes_by_its_class(jobs, cls, way):
    """A frozen dataclass is no frozen object: what the message offers, freeze() and register(), is what helps."""
    local = type(cls.__name__, (cls,), {"__slots__": ()})  # for register() to know
    item = local(1, [2])

    def hand_over(what):
        if way == "put":
            jobs.put(what)
            return jobs.get()
        with owned.ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda got: got, what).result(30)

    with pytest.raises(TypeError) as caught:
        hand_over((item,))
    message = str(caught.value)
    assert ("`item[0]` is a" if way == "put" else "argument 1 ('got')[0] of") in message
    assert f" a {cls.__name__}: its class refuses writes, but object.__setattr__() goes around that" in message
    assert "freeze() it" in message and f"register({cls.__name__}, 'immutable')" in message
    assert "wrap" not in message
    owned.register(local, "immutable")
    assert hand_over((item,)) == (item,)
    other = cls(1, [2])
    assert owned.freeze(other) is other
    assert hand_over(other) is other and other.tags == (2,)


@pytest.mark.parametrize("item", [Movable(1, []), Plain()])
def test_takes_writes(jobs, item):
    """Of other classes the message offers a wrapper."""
    with pytest.raises(TypeError, match=r"which can change and which nobody guards.*own\(\.\.\.\)"):
        jobs.put(item)


def test_unguarded_wrap(elsewhere):
    """By choice it is wrapped and moved: the sender keeps the bare inside, the getter has the wrapper."""
    channel = Channel(unguarded="wrap")
    items = [1]
    channel.put(items)

    def get():
        got = channel.get()
        got.append(2)
        return got

    got = elsewhere(get)
    assert isinstance(got, list)
    assert owned.state(got) is owned.State.ORPHANED
    assert owned.adopt(got) == [1, 2]


def test_unguarded_pass(elsewhere):
    """By choice it passes as it is; what is guarded and comes with it is moved all the same."""
    channel = Channel(unguarded="pass", name="jobs")
    items, account = [1], Account(3)
    channel.put((items, account))
    assert_gone(account, lambda a: a.balance)
    got = elsewhere(lambda: (lambda pair: (pair[0], pair[1].balance))(channel.get()))
    assert got[0] is items and got[1] == 3


def test_not_mine(jobs, elsewhere):
    """What belongs to another thread, is in transit or orphaned is refused, in a tuple too, and nothing is moved."""
    mine, theirs = Account(1), elsewhere(Account)
    with pytest.raises(owned.OrphanedError, match="tried to put"):
        jobs.put(theirs)
    with pytest.raises(owned.OrphanedError):
        jobs.put((mine, theirs))
    parcel = owned.move(Account(2))
    gone = Account(3)
    owned.move(gone)
    with pytest.raises(owned.MovedError):
        jobs.put((mine, gone))
    with pytest.raises(owned.WrongThreadError):
        elsewhere(jobs.put, mine)
    assert mine.balance == 1
    assert parcel.claim().balance == 2
    assert jobs.empty()


@pytest.mark.parametrize("make", [Account, lambda: Account(owned.List([Account()]))])
def test_a_put_that_fails_changes_nothing(make):
    """Full, out of time or closed: the object is the sender's as before, in the region where it was."""
    channel = Channel(1)
    with owned.Region() as region:
        obj = make()
    channel.put(0)
    with pytest.raises(queue.Full):
        channel.put_nowait(obj)
    with pytest.raises(queue.Full):
        channel.put(obj, timeout=0.001)
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.put(obj)
    assert owned.state(obj) is owned.State.PRIVATE
    owned.share(region)
    assert owned.state(obj) is owned.State.SHARED


# ---- arguments ---------------------------------------------------------------------------------------------------


def test_arguments_of_put_and_get():
    """As queue.Queue has them: by position and by name; a timeout is looked at only if the call blocks."""
    channel = Channel(3)
    channel.put(1, True, 1)
    channel.put(item=2, block=True, timeout=None)
    channel.put(3, False, -1)
    assert channel.get(True, 1.5) == 1
    assert channel.get(block=False, timeout="nonsense") == 2
    assert channel.get(timeout=0) == 3
    with pytest.raises(queue.Empty):
        channel.get(timeout=0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda c: c.put(), TypeError, "missing required argument 'item'"),
        (lambda c: c.put(1, True, 1, 2), TypeError, "at most 3 arguments"),
        (lambda c: c.put(1, item=2), TypeError, "multiple values for argument 'item'"),
        (lambda c: c.put(1, wait=1), TypeError, "unexpected keyword argument 'wait'"),
        (lambda c: c.put(1, timeout=-1), ValueError, "non-negative"),
        (lambda c: c.put(1, timeout=float("nan")), ValueError, "NaN"),
        (lambda c: c.put(1, timeout=1e12), OverflowError, "too large"),
        (lambda c: c.get(timeout="1"), TypeError, "real number"),
        (lambda c: c.get(timeout=-0.1), ValueError, "non-negative"),
        (lambda c: c.get(1, 2, 3), TypeError, "at most 2 arguments"),
        (lambda c: Channel("3"), TypeError, "integer"),
        (lambda c: Channel(0, "name"), TypeError, "positional argument"),
        (lambda c: Channel(name=3), TypeError, "`name` must be a str or None, got int"),
        (lambda c: Channel(unguarded="panic"), ValueError, "'raise', 'wrap' or 'pass', got 'panic'"),
        (lambda c: Channel(unguarded=None), TypeError, "'raise', 'wrap' or 'pass', got None"),
    ],
)
def test_bad_arguments(call, error, words):
    """Bad input is refused at once, and nothing is put."""
    channel = Channel()
    with pytest.raises(error, match=words):
        call(channel)
    assert channel.empty()


def test_looking():
    """qsize, empty, full, maxsize, name, closed and repr tell what is there."""
    channel = Channel(2, name="jobs")
    assert (channel.maxsize, channel.name, channel.closed) == (2, "jobs", False)
    assert (channel.qsize(), channel.empty(), channel.full()) == (0, True, False)
    channel.put(1)
    channel.put(2)
    assert (channel.qsize(), channel.empty(), channel.full()) == (2, False, True)
    assert repr(channel) == f"<Channel 'jobs' at {id(channel):#x}, 2 of 2 items>"
    channel.close()
    assert channel.closed
    assert repr(channel).endswith(", closed>")
    unlimited = Channel(-1)
    assert unlimited.name is None
    assert repr(unlimited) == f"<Channel at {id(unlimited):#x}, 0 items>"
    for name in ("maxsize", "name", "closed"):
        with pytest.raises(AttributeError):
            setattr(channel, name, 1)


def test_many_items():
    """The ring grows and shrinks and wraps around, and the order stays."""
    channel = Channel()
    given = taken = 0
    for more, fewer in [(5, 3), (100, 50), (1000, 1000), (3, 55), (10_000, 9_990), (20, 30)]:
        for _ in range(more):
            channel.put(given)
            given += 1
        for _ in range(fewer):
            assert channel.get() == taken
            taken += 1
    assert channel.empty() and given == taken


# ---- closing -----------------------------------------------------------------------------------------------------


def test_close():
    """Nothing more goes in, what is there comes out, then ChannelClosed; closing twice is no error."""
    channel = Channel(name="jobs")
    channel.put(1)
    channel.close()
    channel.close()
    with pytest.raises(ChannelClosed, match="channel 'jobs' is closed: nothing more can be put"):
        channel.put(2)
    assert channel.get() == 1
    for get in (channel.get, channel.get_nowait, lambda: channel.get(timeout=1)):
        with pytest.raises(ChannelClosed, match="nothing more will come"):
            get()


def test_closed_is_a_shutdown():
    """ChannelClosed is a RuntimeError, and what queues raise from 3.13 on."""
    assert issubclass(ChannelClosed, RuntimeError)
    if sys.version_info >= (3, 13):
        assert issubclass(ChannelClosed, queue.ShutDown)


def test_iterate():
    """Iteration takes items until the channel is closed and empty; `with` closes it."""
    channel = Channel()
    with channel as same:
        assert same is channel
        for i in range(3):
            channel.put(i)
    assert list(channel) == [0, 1, 2]
    assert next(channel, "end") == "end"


# ---- a Python object like others ---------------------------------------------------------------------------------


@pytest.mark.parametrize("do", [copy.copy, copy.deepcopy, pickle.dumps, lambda c: c.__reduce_ex__(4)])
def test_not_copied(jobs, do):
    """It cannot be pickled or copied, and the message says what to do instead."""
    with pytest.raises(TypeError, match="cannot pickle or copy <Channel 'jobs'.*multiprocessing.Queue"):
        do(jobs)


def test_annotations():
    """Channel[int] is for annotations."""
    assert typing.get_origin(Channel[int]) is Channel


def test_no_subclasses():
    """As with Lock, what it promises cannot be overridden."""
    with pytest.raises(TypeError):
        type("Mine", (Channel,), {})


def test_known_to_the_others(jobs):
    """The verbs take a channel for what guards itself, and strict mode has no warning about it."""
    with mode(), warnings.catch_warnings():
        warnings.simplefilter("error")
        account = owned.share(Account(jobs))
        with owned.locked(account):
            assert account.balance is jobs
        assert owned.freeze(Account(jobs)).balance is jobs
        assert owned.freeze(jobs) is jobs
    with pytest.raises(TypeError, match="guards itself"):
        owned.own(jobs)


def test_behind_a_wrapper(jobs):
    """The walk behind a wrapper does not look into a channel: what is in it stays where it is."""
    holder = Plain()
    holder.jobs = jobs
    account = Account(1)
    jobs.put(account)
    owned.share(owned.own(holder))
    assert jobs.get().balance == 1


def test_cycle_and_weak_reference():
    """A channel that reaches itself through its items is garbage like anything else."""
    channel = Channel()
    account = Account(channel)
    channel.put(account)
    channel.put((channel,))
    gone, item_gone = weakref.ref(channel), weakref.ref(account)
    del channel, account
    gc.collect()
    assert gone() is None and item_gone() is None


def test_drops_what_it_gave():
    """A channel keeps nothing of what was got."""
    channel = Channel()
    for make in (Account, lambda: Account(owned.List([Account()])), lambda: (Account(),)):
        channel.put(make())
        got = channel.get()
        reference = weakref.ref(got[0] if type(got) is tuple else got)
        del got
        gc.collect()
        assert reference() is None


def test_reentrant_finalizers():
    """What dies inside of a channel may put into it and get from it."""
    channel = Channel(unguarded="pass")
    said = []

    class Noisy:
        def __init__(self, word):
            self.word = word

        def __del__(self):
            channel.put(self.word)
            said.append(channel.get())

    for i in range(20):
        channel.put(Noisy(i))
        channel.get()
    assert said == list(range(20))
    inner = Channel(unguarded="pass")
    for i in range(20):
        inner.put(Noisy(i))
    del inner
    gc.collect()
    assert len(said) == 40


def test_finalizer_of_what_was_dropped_inside():
    """An object that dies in a channel is finalized as its owner."""
    said = []

    @owned.owned
    class Last:
        def __init__(self, words):
            self.words = words

        def __del__(self):
            said.append(self.words[0])

    channel = Channel()
    channel.put(Last(owned.List(["alone"])))
    channel.put(Last(owned.List(["second"])))
    del channel
    gc.collect()
    assert sorted(said) == ["alone", "second"]


# ---- strict mode and the others ----------------------------------------------------------------------------------


def test_strict_tells_the_site(jobs):
    """In strict mode the sender's next touch is told where the object was put, and explain() tells the whole way."""
    with mode():
        account = Account(1)
        jobs.put(account)
        with pytest.raises(
            owned.MovedError, match=r"put\(Account\) into channel 'jobs' at .*test_Channel.py:\d+"
        ) as info:
            account.balance
        assert info.value.record.verb == "put"
        assert info.value.record.channel == "channel 'jobs'"
        assert "put into channel 'jobs' at" in owned.explain(account)
        jobs.get()
        assert "got from channel 'jobs' at" in owned.explain(account)
        assert [step.verb for step in info.value.life] == ["make", "put"]


def test_explain_names_the_channel(jobs):
    """Without strict mode the channel is named all the same, without a site."""
    account = Account(1)
    jobs.put(account)
    assert "put into channel 'jobs' and nobody has got it yet. It belongs to the thread that gets" in owned.explain(
        account
    )
    unnamed = Channel()
    other = Account()
    unnamed.put(other)
    assert f"put into the channel at {id(unnamed):#x}" in owned.explain(other)


@pytest.mark.parametrize("items", [1, 3])
def test_dropped_unclaimed(items):
    """Strict mode warns of a channel that is gone with things in it that were handed over; others do not."""
    channel = Channel(name="jobs")
    channel.put(1)
    for _ in range(items):
        channel.put(Account())
    del channel
    with mode():
        immutable = Channel()
        immutable.put(1)
        del immutable
        channel = Channel(name="jobs")
        for _ in range(items):
            channel.put(Account())
        words = "an object of type Account" if items == 1 else "3 objects, the first of type Account"
        with pytest.warns(owned.UnclaimedWarning, match=f"channel 'jobs' is gone with {words}"):
            del channel


def test_off(jobs, elsewhere):
    """While the mode is off everything goes through untouched, and nothing is refused."""
    account, theirs, plain = Account(1), elsewhere(Account), [1]
    with mode(OFF):
        for item in (theirs, plain, (theirs, plain)):
            jobs.put(item)
            assert jobs.get() is item
        jobs.put(account)
        assert elsewhere(lambda: jobs.get().balance) == 1
        parcel = owned.move(Account(2))
        jobs.put(parcel)
        assert jobs.get().balance == 2


def test_guard(jobs, elsewhere):
    """In guard mode objects move as well: the getter may write, the sender no more."""
    account = Account(1)
    with mode(GUARD):
        jobs.put(account)
        assert elsewhere(lambda: jobs.get().deposit(1)) is None
        with pytest.raises(owned.OrphanedError):
            account.balance = 3
        assert account.balance == 2
