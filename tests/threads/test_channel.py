# SPDX-License-Identifier: MIT
"""Channel and select under many threads: nothing lost, nothing doubled, nobody stuck; signals, forks, dead threads."""

import contextlib
import os
import queue
import signal
import threading

import pytest

import owned
from locks import LIMIT, join
from owned import Channel, ChannelClosed, select
from owned._waits import direct_waits
from programs import run_program

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
needs_signals = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers here")
WALKED = int(os.environ.get("OWNED_TOUCHES", "3200"))
EACH = int(os.environ.get("OWNED_TOUCHES", "3200")) // 8


@owned.owned
class Message:
    def __init__(self, sender, number, rest=None):
        self.sender = sender
        self.number = number
        self.rest = rest


def run_all(functions, name="worker"):
    """Run the functions on threads of their own; their results, in order. An exception is raised here."""
    outcomes = [None] * len(functions)

    def run(i):
        try:
            outcomes[i] = (functions[i](), None)
        except BaseException as error:
            outcomes[i] = (None, error)

    threads = [threading.Thread(target=run, args=(i,), name=f"{name}-{i}", daemon=True) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    for _, error in outcomes:
        if error is not None:
            raise error
    return [result for result, _ in outcomes]


@contextlib.contextmanager
def before_waiting(call):
    """Call ``call()`` each time this thread is about to sleep, when it stands in the queue already."""

    def director(_what, _for_ever):
        call()
        return False

    direct_waits(director)
    try:
        yield
    finally:
        direct_waits(None)


class Waiting:
    """A thread that calls a function, and is known to wait in it."""

    def __init__(self, function, *args):
        self.outcome = None
        self._function, self._args = function, args
        self._waits = threading.Event()
        self.thread = threading.Thread(target=self._run, name="waiting", daemon=True)
        self.thread.start()
        assert self._waits.wait(LIMIT)

    def _run(self):
        with before_waiting(self._waits.set):
            try:
                self.outcome = self._function(*self._args)
            except BaseException as error:
                self.outcome = error
            finally:
                self._waits.set()

    def result(self):
        join(self.thread)
        return self.outcome


# ---- many of each ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("maxsize", [0, 3])
@pytest.mark.parametrize("kind", ["number", "alone", "graph"])
def test_eight_senders_eight_receivers(kind, maxsize):
    """Every item arrives once, those of one sender in order; a channel of 3 makes senders and receivers wait."""
    channel = Channel(maxsize)
    start = threading.Barrier(16)
    left = [8]
    last = threading.Lock()

    def send(sender):
        start.wait(LIMIT)
        for number in range(EACH):
            if kind == "number":
                channel.put((sender, number))
            else:
                channel.put(Message(sender, number, owned.List([1]) if kind == "graph" else None), timeout=LIMIT)
        with last:
            left[0] -= 1
            if left[0] == 0:
                channel.close()

    def receive():
        start.wait(LIMIT)
        if kind == "number":
            return list(channel)
        return [(message.sender, message.number) for message in channel]

    got = run_all([lambda i=i: send(i) for i in range(8)] + [receive] * 8)[8:]
    assert sorted(item for items in got for item in items) == [(i, n) for i in range(8) for n in range(EACH)]
    for items in got:
        for sender in range(8):
            numbers = [number for who, number in items if who == sender]
            assert numbers == sorted(numbers)


def test_every_way_at_once():
    """Putting and getting, with and without waiting and with timeouts, and select, on two channels: nothing is lost."""
    channels = Channel(2), Channel(2)
    start = threading.Barrier(12)
    done = threading.Barrier(6, action=lambda: [channel.close() for channel in channels])

    def send(i):
        start.wait(LIMIT)
        for number in range(EACH // 4):
            channel = channels[(i + number) % 2]
            while True:
                try:
                    if i % 3 == 0:
                        channel.put((i, number), timeout=LIMIT)
                    elif i % 3 == 1:
                        channel.put((i, number), timeout=0.0005)
                    else:
                        channel.put_nowait((i, number))
                    break
                except queue.Full:
                    pass
        done.wait(LIMIT)

    def receive(i):
        got = []
        start.wait(LIMIT)
        while True:
            try:
                if i % 3 == 0:
                    got.append(select(*channels, timeout=LIMIT)[1])
                elif i % 3 == 1:
                    got.append(select(*channels, timeout=0.0005)[1])
                else:
                    got.append(channels[i // 3].get(timeout=LIMIT))
            except queue.Empty:
                continue
            except ChannelClosed:
                return got

    got = run_all([lambda i=i: send(i) for i in range(6)] + [lambda i=i: receive(i) for i in range(6)])[6:]
    assert sorted(item for items in got for item in items) == [(i, n) for i in range(6) for n in range(EACH // 4)]


def test_ping_pong():
    """An object goes to and fro between two threads, each of which is alone with it while it has it."""
    there, back = Channel(), Channel()
    rounds = EACH

    def ping():
        message = Message("ping", 0)
        for _ in range(rounds):
            message.number += 1
            there.put(message)
            message = back.get(timeout=LIMIT)
        return message.number

    def pong():
        for _ in range(rounds):
            message = there.get(timeout=LIMIT)
            message.number += 1
            back.put(message)

    assert run_all([ping, pong])[0] == 2 * rounds


WALKS = {
    "put": "channel.put(box); box = channel.get()",
    "move": "box = owned.move(box).claim()",
}


@pytest.mark.parametrize("walk", WALKS)
def test_walks_over_what_others_change(walk):
    """A plain list that a handed over graph reaches may be changed by other threads at that very moment."""
    out = run_program(
        f"""
        import threading, owned
        @owned.owned
        class Box:
            def __init__(self, inside):
                self.inside = inside
        changed = []
        box, channel = Box((changed,)), owned.Channel()
        assert box.inside[0] is changed
        done, rounds = threading.Event(), [0, 0]
        start = threading.Barrier(3)
        def change(thread):
            start.wait(30)
            while not done.is_set():
                for number in range(100):
                    changed.append(object())
                changed.clear()
                rounds[thread] += 1
        threads = [threading.Thread(target=change, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        start.wait(30)
        walked = 0
        while walked < {WALKED} or min(rounds) < 2:
            {WALKS[walk]}
            walked += 1
        done.set()
        for thread in threads:
            thread.join(30)
        print(box.inside[0] is changed)
        """
    )
    assert out == "True\n"


# ---- waiting -----------------------------------------------------------------------------------------------------


def test_get_waits_for_put():
    """Who waits in get() has the item as soon as it is put, and owns it."""
    channel = Channel()
    waiting = Waiting(lambda: owned.owner(channel.get()).name)
    channel.put(Message("main", 1))
    assert waiting.result() == "waiting"


def test_put_waits_for_get():
    """Who waits in put() keeps the item until there is room."""
    channel = Channel(1)
    channel.put(1)

    waiting = Waiting(lambda: channel.put(Message("waiting", 1)))
    assert waiting.thread.is_alive()
    assert channel.get() == 1
    assert channel.get(timeout=LIMIT).sender == "waiting"
    assert waiting.result() is None


def test_select_waits_for_put():
    """Who waits in select() is woken by whichever channel gets something."""
    channels = [Channel() for _ in range(3)]
    for i in (2, 0, 1):
        waiting = Waiting(lambda: select(*channels))
        channels[i].put(i)
        assert waiting.result() == (channels[i], i)


@pytest.mark.parametrize("kind", ["get", "put", "select", "next"])
def test_close_wakes_all(kind):
    """All who wait hear of it at once, and a sender keeps its item."""
    channel = Channel(1)
    if kind == "put":
        channel.put(1)
    kept = []

    def send():
        message = Message("waiting", 1)
        try:
            channel.put(message)
        finally:
            kept.append(message.number)

    function = {"get": channel.get, "put": send, "select": lambda: select(channel), "next": lambda: list(channel)}[kind]
    waiting = [Waiting(function) for _ in range(4)]
    channel.close()
    for one in waiting:
        outcome = one.result()
        assert outcome == [] if kind == "next" else isinstance(outcome, ChannelClosed)
    assert kept == ([1] * 4 if kind == "put" else [])


def test_first_come_first_woken():
    """Those who wait are woken in the order in which they came."""
    channel = Channel()
    waiting = [Waiting(channel.get) for _ in range(3)]
    for i, one in enumerate(waiting):
        channel.put(i)
        assert one.result() == i


class Enough(Exception):
    pass


@pytest.mark.parametrize("kind", ["get", "select"])
def test_woken_and_interrupted(kind):
    """One that was woken for an item and is interrupted before it looks leaves the item to the next who waits."""
    channel, other = Channel(), Channel()
    behind = []

    def interrupt():
        behind.append(Waiting(channel.get))
        channel.put("the item")
        raise Enough

    with before_waiting(interrupt), pytest.raises(Enough):
        channel.get(timeout=LIMIT) if kind == "get" else select(other, channel, timeout=LIMIT)
    assert behind[0].result() == "the item"


def test_woken_and_interrupted_in_put():
    """The same for room: the next sender has it, and the item of the interrupted one stays with it."""
    channel = Channel(1)
    channel.put(0)
    message = Message("main", 1)
    behind = []

    def interrupt():
        behind.append(Waiting(channel.put, 1))
        assert channel.get() == 0
        raise Enough

    with before_waiting(interrupt), pytest.raises(Enough):
        channel.put(message, timeout=LIMIT)
    assert behind[0].result() is None
    assert channel.get() == 1
    assert message.number == 1


def test_woken_for_one_served_by_another():
    """select() that was woken for one channel and takes from another leaves the first one's item to the next."""
    first, second = Channel(), Channel()
    first.put(0)
    second.put(0)
    assert select(first, second)[0] is first
    assert select(first, second)[0] is second  # first is due again
    behind = []

    def meanwhile():
        if not behind:
            behind.append(Waiting(second.get))
            second.put("second")  # wakes select()
            first.put("first")

    with before_waiting(meanwhile):
        assert select(first, second, timeout=LIMIT) == (first, "first")
    assert behind[0].result() == "second"


def test_called_back_and_cancelled():
    """A callback that stands before a thread and is cancelled after its call leaves the item to the thread."""
    channel = Channel()
    called = threading.Event()
    token = channel._when("get", called.set)
    waiting = Waiting(channel.get)
    channel.put(1)
    assert called.is_set()
    assert waiting.thread.is_alive()
    assert token.cancel() is False
    assert waiting.result() == 1


@pytest.mark.parametrize("times", [1, 3])
def test_timeouts(times):
    """Time that runs out in get, put and select leaves everything as it was, and later waits are not disturbed."""
    channel, full = Channel(), Channel(1)
    full.put(0)
    message = Message("main", 1)
    for _ in range(times):
        with pytest.raises(queue.Empty):
            channel.get(timeout=0.001)
        with pytest.raises(queue.Empty):
            select(channel, timeout=0.001)
        with pytest.raises(queue.Full):
            full.put(message, timeout=0.001)
    waiting = Waiting(channel.get)
    channel.put(message)
    assert waiting.result() is message


# ---- signals -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def alarm(handler):
    """The handler is called in a moment, during the wait of the main thread."""
    before = signal.signal(signal.SIGALRM, lambda *_: handler())
    try:
        with before_waiting(lambda: signal.setitimer(signal.ITIMER_REAL, 0.01)):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ctrl_c():
    raise KeyboardInterrupt


@needs_signals
@pytest.mark.parametrize("make", [lambda: 1, lambda: Message("main", 1), lambda: Message("main", 1, owned.List([1]))])
def test_ctrl_c_in_put(make):
    """Ctrl-C ends a wait in put(), and the item is the sender's as before."""
    channel = Channel(1)
    channel.put(0)
    item = make()
    with alarm(ctrl_c), pytest.raises(KeyboardInterrupt):
        channel.put(item)
    assert channel.get() == 0
    assert channel.empty()
    assert item == 1 or item.number == 1


@needs_signals
@pytest.mark.parametrize("wait", [lambda c: c.get(), lambda c: select(Channel(), c), lambda c: next(c)])
def test_ctrl_c_in_get(wait):
    """Ctrl-C ends a wait in get(), select() and iteration, and what is put later is there for the next."""
    channel = Channel()
    with alarm(ctrl_c), pytest.raises(KeyboardInterrupt):
        wait(channel)
    channel.put(1)
    assert channel.get(timeout=LIMIT) == 1


@needs_signals
def test_signal_handler_that_puts():
    """A signal handler may use the channel that the thread waits for, and even wait for it itself."""
    channel = Channel()

    def handler():
        with pytest.raises(queue.Empty):
            channel.get(timeout=0.001)
        channel.put(Message("handler", 1))

    with alarm(handler):
        assert channel.get(timeout=LIMIT).sender == "handler"
    full = Channel(1)
    full.put(0)
    with alarm(full.get):
        full.put(1, timeout=LIMIT)
    assert full.get() == 1


# ---- ends of threads ---------------------------------------------------------------------------------------------


def test_sender_that_ends():
    """What a thread has put is got all the same when it has ended."""
    channel = Channel()
    run_all([lambda: channel.put(Message("gone", 1)), lambda: channel.put(Message("gone", 2, owned.List()))])
    assert sorted([channel.get().number, channel.get().number]) == [1, 2]


def test_receiver_that_ends():
    """What a thread has got and leaves behind is orphaned; adopt() takes it over."""
    channel = Channel()
    messages = [Message("main", 1), Message("main", 2, owned.List())]
    for message in messages:
        channel.put(message)
        run_all([lambda: channel.get() and None])
        with pytest.raises(owned.OrphanedError):
            message.number
        assert owned.adopt(message).number


def test_first_touch_on_the_getting_thread():
    """A thread that has never met owned can be the one that gets."""
    channel = Channel()
    channel.put(Message("main", 1))
    thread = threading.Thread(target=lambda: channel.put(channel.get().number))
    thread.start()
    join(thread)
    assert channel.get() == 1


# ---- forks and the end of the interpreter ------------------------------------------------------------------------


@needs_fork
def test_fork():
    """Both processes have what was in the channel, each its own: the child's getter owns a copy."""
    out = run_program(
        """
        import os, threading, owned
        @owned.owned
        class Message:
            def __init__(self, n, rest=None):
                self.n, self.rest = n, rest
        channel = owned.Channel()
        with owned.Region() as region:
            inside = Message(3)
        for item in (1, Message(2), Message(4, owned.List([Message(5)])), region):
            channel.put(item)
        def take():
            one, two, four, region = (channel.get(timeout=10) for _ in range(4))
            two.n += 1
            inside.n += 1
            return one, two.n, four.rest[0].n, inside.n, channel.empty()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = take() != (1, 3, 5, 4, True)
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert take() == (1, 3, 5, 4, True)
        print("fine")
        """
    )
    assert out == "fine\n"


@needs_fork
def test_fork_while_others_wait():
    """The child has none of the threads that waited: what it puts stays for itself, and the parent's still wait."""
    out = run_program(
        """
        import os, queue, threading, owned
        from owned._waits import direct_waits
        empty, full, other = owned.Channel(), owned.Channel(1), owned.Channel()
        full.put(0)
        ready = threading.Barrier(5)
        got = []
        def wait(function):
            direct_waits(lambda *_: bool(ready.wait(30)) and False)
            got.append(function())
        functions = [empty.get, lambda: owned.select(empty, other)[1], lambda: full.put(9), lambda: full.put(9)]
        threads = [threading.Thread(target=wait, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        ready.wait(30)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for i in range(3):
                    empty.put(i)
                    other.put(i)
                assert [empty.get_nowait() for _ in range(3)] == [0, 1, 2]
                assert full.get_nowait() == 0
                full.put_nowait(1)
                assert full.get_nowait() == 1 and full.empty()
                full.close()
                empty.close()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert got == []
        empty.put(1)
        empty.put(2)
        assert full.get(timeout=30) == 0
        assert full.get(timeout=30) == 9
        assert full.get(timeout=30) == 9
        for thread in threads:
            thread.join(30)
        print(sorted(got, key=str))
        """
    )
    assert out == "[1, 2, None, None]\n"


@needs_fork
def test_fork_in_a_signal_handler_of_a_waiting_thread():
    """A thread that forks while it waits goes on waiting, in both processes."""
    out = run_program(
        """
        import os, signal, owned
        from owned._waits import direct_waits
        channel = owned.Channel()
        child = None
        def handler(*_):
            global child
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGALRM, lambda *_: channel.put("child"))
            else:
                signal.signal(signal.SIGALRM, lambda *_: channel.put("parent"))
            signal.setitimer(signal.ITIMER_REAL, 0.05)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        got = channel.get(timeout=30)
        if child == 0:
            os._exit(got != "child")
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print(got)
        """
    )
    assert out == "parent\n"


@needs_fork
def test_fork_in_a_storm():
    """Forks while other threads put and get: every child can put, get and close."""
    out = run_program(
        """
        import os, threading, owned
        channel, stop = owned.Channel(4), threading.Event()
        def send():
            try:
                while True:
                    channel.put(owned.List([1]))
            except owned.ChannelClosed:
                pass
        threads = [threading.Thread(target=send) for _ in range(3)]
        threads += [threading.Thread(target=lambda: [None for _ in channel]) for _ in range(3)]
        for thread in threads:
            thread.start()
        codes = []
        for _ in range(20):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    while not channel.empty():
                        channel.get(timeout=20)
                    for i in range(4):
                        channel.put(i, timeout=20)
                    channel.close()
                    code = list(channel) != [0, 1, 2, 3]
                finally:
                    os._exit(code)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        channel.close()
        for thread in threads:
            thread.join()
        print(codes == [0] * 20)
        """
    )
    assert out == "True\n"


def test_shutdown_with_daemon_threads():
    """The interpreter ends in peace while daemon threads wait in get, put and select, and others are busy."""
    out = run_program(
        """
        import threading, owned
        empty, full, busy = owned.Channel(), owned.Channel(1), owned.Channel(2)
        full.put(owned.List([1]))
        ready = threading.Barrier(6)
        def storm(f):
            ready.wait()
            while True:
                f()
        functions = [empty.get, lambda: owned.select(empty), lambda: full.put(owned.List()),
                     lambda: busy.put(owned.List()), busy.get]
        for function in functions:
            threading.Thread(target=storm, args=(function,), daemon=True).start()
        ready.wait()
        print("end")
        """
    )
    assert out == "end\n"


def test_channels_alive_at_exit():
    """Channels in module globals, in cycles and with items go with the interpreter."""
    out = run_program(
        """
        import owned
        channel, cycle = owned.Channel(), owned.Channel(unguarded="pass")
        channel.put(owned.List([1]))
        cycle.put([cycle, cycle._when("put", print)])
        class Late:
            def __del__(self):
                channel.put(1)
                channel.get()
        late = Late()
        print("end")
        """
    )
    assert out.endswith("end\n")
