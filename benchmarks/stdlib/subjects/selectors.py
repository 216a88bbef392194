# SPDX-License-Identifier: MIT
"""selectors."""

import socket

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, op, shared, small

_events = st.integers(1, 3)


def _used(selectors, kind):
    a, b = socket.socketpair()
    with a, b, getattr(selectors, kind)() as selector:
        selector.register(a, selectors.EVENT_READ | selectors.EVENT_WRITE, "data")
        selector.modify(a, selectors.EVENT_WRITE, "data")
        selector.modify(a, selectors.EVENT_WRITE, "other")
        selector.select(0)
        selector.get_key(a)
        len(selector.get_map()), list(selector.get_map()), selector.get_map()[a]
        selector.unregister(a)


class _Sockets:
    def __init__(self, selector):
        self.selector = selector
        self.pair = socket.socketpair()

    def close(self):
        self.selector.close()
        for one in self.pair:
            one.close()


_KINDS = ("SelectSelector", "PollSelector", "EpollSelector")

SUBJECT = Subject(
    "selectors",
    calls=tuple(op(lambda selectors, kind=kind: _used(selectors, kind)) for kind in (*_KINDS, "DefaultSelector")),
    objects=tuple(
        shared(
            kind,
            lambda selectors, kind=kind: _Sockets(getattr(selectors, kind)()),
            op(lambda s, n, events: s.selector.register(s.pair[n % 2], events), small, _events),
            op(lambda s, n: s.selector.unregister(s.pair[n % 2]), small),
            op(lambda s, n, events: s.selector.modify(s.pair[n % 2], events, "data"), small, _events),
            op(lambda s, n: s.selector.get_key(s.pair[n % 2]), small),
            op(lambda s: s.selector.select(0)),
            op(lambda s: list(s.selector.get_map())),
            done=_Sockets.close,
        )
        for kind in _KINDS
    ),
    tests=("test.test_selectors",),
)
