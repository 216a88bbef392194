# SPDX-License-Identifier: MIT
"""select: from whichever channel has something, in turn."""

import gc
import queue
import sys

import pytest

import owned
from owned import Channel, ChannelClosed, select


@owned.owned
class Account:
    def __init__(self, balance=0):
        self.balance = balance


def test_takes_from_the_one_that_is_ready():
    """The channel and its item come back, and what was moved is the getter's."""
    channels = [Channel() for _ in range(20)]
    account = Account(3)
    channels[13].put(account)
    channel, got = select(*channels)
    assert channel is channels[13]
    assert got is account and got.balance == 3


def test_fair():
    """Channels that are always ready are served in turn, in whatever order they are given."""
    channels = [Channel(name=str(i)) for i in range(3)]
    for channel in channels:
        for _ in range(10):
            channel.put(channel.name)
    served = [select(*channels[i % 3 :], *channels[: i % 3])[1] for i in range(30)]
    for i in range(0, 30, 3):
        assert sorted(served[i : i + 3]) == ["0", "1", "2"]


def test_not_ready_ones_do_not_distort():
    """Beside channels that are empty, the two that are ready get the same share."""
    channels = [Channel() for _ in range(10)]
    for i in (3, 4):
        for _ in range(50):
            channels[i].put(i)
    assert [select(*channels)[1] for _ in range(100)].count(3) == 50


def test_nothing_there():
    """queue.Empty after the timeout; 0 does not wait."""
    channels = Channel(), Channel()
    for timeout in (0, 0.001):
        with pytest.raises(queue.Empty):
            select(*channels, timeout=timeout)


def test_closed():
    """A closed channel is emptied, then left out; when all are, ChannelClosed."""
    first, second = Channel(), Channel()
    first.put(1)
    first.close()
    assert select(second, first) == (first, 1)
    with pytest.raises(queue.Empty):
        select(first, second, timeout=0)
    second.put(2)
    assert select(first, second) == (second, 2)
    second.close()
    with pytest.raises(ChannelClosed, match="every channel"):
        select(first, second)


def test_same_channel_twice():
    """Naming a channel twice is no harm."""
    channel = Channel()
    channel.put(1)
    assert select(channel, channel) == (channel, 1)
    with pytest.raises(queue.Empty):
        select(channel, channel, timeout=0.001)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda c: select(), TypeError, "at least one channel"),
        (lambda c: select(c, queue.Queue()), TypeError, "got Queue as argument 2"),
        (lambda c: select(c, block=False), TypeError, "unexpected keyword argument 'block'"),
        (lambda c: select(c, timeout=-1), ValueError, "non-negative"),
        (lambda c: select(c, timeout="1"), TypeError, "real number"),
        (lambda c: select(c, timeout=1e12), OverflowError, "too large"),
    ],
)
def test_bad_arguments(call, error, words):
    """Bad input is refused at once, and nothing is taken."""
    channel = Channel()
    channel.put(1)
    with pytest.raises(error, match=words):
        call(channel)
    assert channel.qsize() == 1


# ---- Channel._when(), which the event loops build on ---------------------------------------------------------------


def test_when_get():
    """The callback is called once, when there is something to get; at once if there is."""
    channel = Channel()
    calls = []
    token = channel._when("get", lambda: calls.append(channel.qsize()))
    assert calls == []
    channel.put(1)
    channel.put(2)
    assert calls == [1]
    again = channel._when("get", lambda: calls.append("again"))
    assert calls == [1, "again"]
    assert token.cancel() is False
    assert again.cancel() is False


def test_when_put():
    """The same when there is room."""
    channel = Channel(1)
    calls = []
    at_once = channel._when("put", lambda: calls.append("room"))
    channel.put(1)
    token = channel._when("put", lambda: calls.append("room again"))
    assert calls == ["room"]
    channel.get()
    assert calls == ["room", "room again"]
    assert (at_once.cancel(), token.cancel()) == (False, False)


def test_when_closed():
    """Closing calls everybody back, those who wait for items and those who wait for room."""
    channel = Channel(1)
    calls = []
    tokens = [channel._when("get", lambda i=i: calls.append(i)) for i in range(3)]
    channel.close()
    assert calls == [0, 1, 2]
    full = Channel(1)
    full.put(1)
    tokens.append(full._when("put", lambda: calls.append("put")))
    full.close()
    assert calls[3:] == ["put"]
    tokens.append(full._when("put", lambda: calls.append("at once")))
    assert calls[4:] == ["at once"]


def test_when_order():
    """Those who wait stand in one queue: each item calls the next one, once."""
    channel = Channel()
    calls = []
    tokens = [channel._when("get", lambda i=i: calls.append(i)) for i in range(3)]
    assert tokens[1].cancel() is True
    assert tokens[1].cancel() is True
    for item in range(3):
        channel.put(item)
    assert calls == [0, 2]


def test_when_cancelled_after_the_call():
    """One that was called and does not try lets the next one try: no item stays behind unseen."""
    channel = Channel()
    calls = []
    first = channel._when("get", lambda: calls.append("first"))
    second = channel._when("get", lambda: calls.append("second"))
    channel.put(1)
    assert calls == ["first"]
    assert first.cancel() is False
    assert calls == ["first", "second"]
    assert first.cancel() is False
    assert second.cancel() is False


def test_when_dropped():
    """A token that is dropped, alone or in a cycle with its callback, is cancelled."""
    channel = Channel()
    calls = []
    channel._when("get", lambda: calls.append(1))

    def wait_in_a_cycle():
        cycle = []
        cycle.append(channel._when("get", lambda: calls.append(cycle)))

    wait_in_a_cycle()
    gc.collect()
    channel.put(1)
    assert calls == []


def test_when_callback_raises():
    """What a callback raises is told as unraisable, and neither put nor the others notice."""
    channel = Channel()
    told = []
    before, sys.unraisablehook = sys.unraisablehook, lambda unraisable: told.append(unraisable.exc_value)
    try:
        token = channel._when("get", lambda: 1 / 0)
        channel.put(1)
    finally:
        sys.unraisablehook = before
    assert isinstance(told[0], ZeroDivisionError)
    assert channel.get() == 1
    assert token.cancel() is False


def test_when_calls_use_the_channel():
    """A callback may use the channel: no lock is held."""
    channel = Channel()
    got = []
    token = channel._when("get", lambda: got.append(channel.get_nowait()))
    channel.put(1)
    assert got == [1] and channel.empty()
    assert token.cancel() is False


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ((), TypeError),
        (("get",), TypeError),
        (("look", print), ValueError),
        ((1, print), ValueError),
        (("get", 1), TypeError),
    ],
)
def test_when_bad_arguments(args, error):
    """Bad input is refused at once."""
    with pytest.raises(error):
        Channel()._when(*args)
