# SPDX-License-Identifier: MIT
"""A detector that does nothing but keep vector clocks: tests mark places, and ask what put them into order."""

from __future__ import annotations

import _thread
import os

_new_lock = _thread.allocate_lock  # before anybody replaces it

Clock = dict[int, int]


def _join(one: Clock, other: Clock) -> None:
    for thread, time in other.items():
        one[thread] = max(one.get(thread, 0), time)


class _State:
    """A thread: its number, its clocks, what it holds."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.hard: Clock = {number: 1}
        self.full: Clock = {number: 1}
        self.held: list[str] = []

    def tick(self) -> None:
        self.hard[self.number] += 1
        self.full[self.number] += 1


class _Token:
    def __init__(self, parent: _State) -> None:
        self.hard, self.full = dict(parent.hard), dict(parent.full)
        self.child: _State | None = None
        self.has_ended = False


class Orders:
    """Stands in for the module `owned._audit._detector`."""

    def __init__(self) -> None:
        self._mutex = _new_lock()
        self._threads: dict[int, _State] = {}
        self._marks: dict[str, tuple[int, Clock, Clock, tuple[str, ...]]] = {}
        self._last = 0
        orders = self

        class Sync:
            def __init__(self, kind: str = "", obj: object = None) -> None:
                self.kind = kind
                self.hard: Clock = {}
                self.full: Clock = {}

            def release(self) -> None:
                with orders._mutex:
                    state = orders._me()
                    _join(self.hard, state.hard)
                    _join(self.full, state.full)
                    state.tick()

            def acquire(self) -> None:
                with orders._mutex:
                    state = orders._me()
                    _join(state.hard, self.hard)
                    _join(state.full, self.full)

        class LockInfo:
            def __init__(self, kind: str, name: str = "") -> None:
                self.kind = kind
                self.full: Clock = {}

            def acquired(self, read: bool = False) -> None:
                with orders._mutex:
                    state = orders._me()
                    _join(state.full, self.full)
                    state.held.append(f"{self.kind}{' to read' if read else ''}")

            def released(self, read: bool = False) -> None:
                with orders._mutex:
                    state = orders._me()
                    _join(self.full, state.full)
                    state.tick()
                    held = f"{self.kind}{' to read' if read else ''}"
                    if held in state.held:
                        state.held.remove(held)

        self.Sync = Sync
        self.LockInfo = LockInfo

    def _me(self) -> _State:
        ident = _thread.get_ident()
        if ident not in self._threads:
            self._last += 1
            self._threads[ident] = _State(self._last)
        return self._threads[ident]

    def fork(self) -> _Token:
        with self._mutex:
            state = self._me()
            token = _Token(state)
            state.tick()
            return token

    def begin(self, token: _Token, name: str) -> None:
        with self._mutex:
            self._threads.pop(_thread.get_ident(), None)
            token.child = self._me()
            _join(token.child.hard, token.hard)
            _join(token.child.full, token.full)

    def end(self, token: _Token) -> None:
        token.has_ended = True

    def joined(self, token: _Token) -> None:
        with self._mutex:
            state = self._me()
            if token.child is not None:
                _join(state.hard, token.child.hard)
                _join(state.full, token.child.full)

    # ---- for tests

    def mark(self, name: str) -> None:
        """The calling thread is at the place `name` now."""
        with self._mutex:
            state = self._me()
            self._marks[name] = (state.number, dict(state.hard), dict(state.full), tuple(state.held))

    def between(self, earlier: str, later: str) -> str | None:
        """What puts the one mark before the other: "signal" (or program order), "lock", or None."""
        thread, hard, full, _ = self._marks[earlier]
        _, later_hard, later_full, _ = self._marks[later]
        if later_hard.get(thread, 0) >= hard[thread]:
            return "signal"
        return "lock" if later_full.get(thread, 0) >= full[thread] else None

    def held(self, name: str) -> tuple[str, ...]:
        """The locks that the thread held at a mark."""
        return self._marks[name][3]

    def is_marked(self, name: str) -> bool:
        """Has any thread been there?"""
        return name in self._marks


class Unseen:
    """An order between threads that nobody is told of."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def go(self) -> None:
        os.write(self._write, b"x")

    def wait(self) -> None:
        assert os.read(self._read, 1)

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)
