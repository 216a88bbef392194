# SPDX-License-Identifier: MIT
"""Channels on several threads against a deque, under schedules that hypothesis draws."""

from __future__ import annotations

import collections
import os
import queue

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

import owned
from owned.testing import ThreadedStateMachine, step

QUICK = settings(
    ThreadedStateMachine.TestCase.settings,
    max_examples=25 * int(os.environ.get("OWNED_STRESS", "1")),
    stateful_step_count=6,
)


@owned.owned
class Box:
    def __init__(self, word: str) -> None:
        self.words = owned.List([word])


class ChannelModel:
    """Two channels, the first of them bounded, as deques; which one select() took from last."""

    def __init__(self) -> None:
        self.items: list[collections.deque[str]] = [collections.deque(), collections.deque()]
        self.closed = [False, False]
        self.served = [0, 0]

    def put(self, thread: int, which: int, word: str, boxed: bool) -> str:
        if self.closed[which]:
            return "closed"
        if which == 0 and len(self.items[0]) == 2:
            return "full"
        self.items[which].append(word)
        return "put"

    def get(self, thread: int, which: int) -> str:
        if self.items[which]:
            return self.items[which].popleft()
        return "closed" if self.closed[which] else "empty"

    def select(self, thread: int) -> str:
        ready = [which for which in (0, 1) if self.items[which]]
        if not ready:
            return "closed" if all(self.closed) else "empty"
        which = min(ready, key=lambda which: self.served[which])
        self.served[which] = max(self.served) + 1
        return self.items[which].popleft()

    def close(self, thread: int, which: int) -> None:
        self.closed[which] = True

    def outcome(self) -> list[tuple[int, bool]]:
        return [(len(items), closed) for items, closed in zip(self.items, self.closed, strict=True)]


class ChannelMachine(ThreadedStateMachine):
    """Threads put, get, select and close in every way that does not wait."""

    threads = 3
    steps_per_thread = 3
    model = ChannelModel

    def __init__(self) -> None:
        super().__init__()
        self.channels: list[owned.Channel[str | Box]] = [owned.Channel(2), owned.Channel()]

    @step(which=st.integers(0, 1), word=st.sampled_from("abcdefgh"), boxed=st.booleans())
    def put(self, thread: int, which: int, word: str, boxed: bool) -> str:
        item = Box(word) if boxed else word
        try:
            self.channels[which].put_nowait(item)
        except (queue.Full, owned.ChannelClosed) as error:
            if isinstance(item, Box):
                assert item.words == [word]  # the sender's, as before
            return "full" if isinstance(error, queue.Full) else "closed"
        return "put"

    @step(which=st.integers(0, 1))
    def get(self, thread: int, which: int) -> str:
        return self._taken(lambda: self.channels[which].get_nowait())

    @step()
    def select(self, thread: int) -> str:
        return self._taken(lambda: owned.select(*self.channels, timeout=0)[1])

    @step(which=st.integers(0, 1))
    def close(self, thread: int, which: int) -> None:
        self.channels[which].close()

    def _taken(self, take) -> str:
        try:
            item = take()
        except queue.Empty:
            return "empty"
        except owned.ChannelClosed:
            return "closed"
        return item.words[0] if isinstance(item, Box) else item

    def outcome(self) -> list[tuple[int, bool]]:
        return [(channel.qsize(), channel.closed) for channel in self.channels]


def test_against_model():
    """Whatever the schedule, what the threads see is what two deques say for some order of their calls."""
    run_state_machine_as_test(ChannelMachine, settings=QUICK)


def test_waiting():
    """Senders and receivers that wait for each other all come to an end, wherever they are stopped."""

    class Waiting(ThreadedStateMachine):
        threads = 3
        steps_per_thread = 1

        def __init__(self) -> None:
            super().__init__()
            self.channel: owned.Channel[Box] = owned.Channel(1)
            self.other: owned.Channel[Box] = owned.Channel()

        @step()
        def exchange(self, thread: int) -> None:
            self.channel.put(Box("x"))
            self.other.put(self.channel.get())
            _, box = owned.select(self.other)
            box.words.append("y")

        def outcome(self) -> int:
            return self.channel.qsize() + self.other.qsize()

    run_state_machine_as_test(Waiting, settings=QUICK)
