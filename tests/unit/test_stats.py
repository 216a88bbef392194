# SPDX-License-Identifier: MIT
"""stats(): what is counted, and the snippets of docs/modes.md that publish it."""

from __future__ import annotations

import gc
import re
import sys
import types
from typing import Any

import attrs
import pytest

import owned
from checkout import ROOT
from crowd import crowd
from guarded import Node


def counted(function: Any) -> dict[str, int]:
    """What a call changes, by name."""
    gc.collect()
    before = attrs.asdict(owned.stats())
    kept = function()
    after = attrs.asdict(owned.stats())
    del kept
    return {
        name: value - before[name] for name, value in after.items() if isinstance(value, int) and value != before[name]
    }


def failing(function: Any, *args: Any) -> None:
    with pytest.raises(owned.OwnershipError):
        function(*args)


CALLS: dict[str, tuple[Any, dict[str, int]]] = {
    "nothing": (lambda: Node(Node("n").name), {}),
    "share": (lambda: owned.share(Node()), {"shares": 1, "locks": 1}),
    "protect": (lambda: owned.Lock().protect(Node()), {"shares": 1, "locks": 1}),
    "freeze": (lambda: owned.freeze(Node()), {"freezes": 1, "regions": 1}),
    "freeze what is frozen": (lambda: owned.freeze((1, 2)), {}),
    "move": (lambda: owned.move(Node()), {"moves": 1, "regions": 1}),
    "claim": (lambda: owned.move(Node()).claim(), {"moves": 1, "claims": 1, "regions": 1}),
    "adopt": (lambda: owned.adopt(Node()), {"adoptions": 1}),
    "own": (lambda: owned.own([]), {}),
    "what came out of own": (lambda: owned.own([[]])[0], {"regions": 1}),
    "Region": (owned.Region, {"regions": 1}),
    "RLock": (owned.RLock, {"locks": 1}),
}


@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_counted(name: str) -> None:
    """Verbs count when they are granted; regions and locks while they are alive."""
    call, expected = CALLS[name]
    owned.List()  # this thread has its home region
    assert counted(call) == expected
    gc.collect()
    assert set(counted(lambda: [(call(), gc.collect()), None][1])) <= set(expected) - {"regions", "locks"}


def test_violations_are_counted_raised_or_not(elsewhere: Any) -> None:
    """Each refused access, verb and lock call is one violation."""
    node, lock = Node(), owned.Lock()
    for touch in (lambda: node.name, lambda: owned.share(node), lambda: owned.move(node), lock.release):
        assert counted(lambda touch=touch: elsewhere(failing, touch)).get("violations") == 1
    with owned.configure(policy="count"):
        assert counted(lambda: elsewhere(lambda: (node.name, node.next, None)[2]))["violations"] == 2


def test_refused_verbs_count_as_violations_only(elsewhere: Any) -> None:
    """A share, move or adopt that is refused is none."""
    node = Node()
    changed = counted(
        lambda: elsewhere(lambda: [failing(verb, node) for verb in (owned.share, owned.move, owned.adopt)])
    )
    assert changed.keys() <= {"violations", "regions"}


def test_counts_of_many_threads_add_up() -> None:
    """No count is lost when threads count at once."""
    changed = counted(lambda: crowd(8, lambda i: [owned.move(Node()).claim() for _ in range(500)] and None))
    assert (changed["moves"], changed["claims"]) == (4000, 4000)


def test_mode_and_policy_are_named() -> None:
    """The mode by its name, the policy by its name or the callable's."""

    def page(violation: object) -> None:
        pass

    with owned.configure(mode="guard", policy=page):
        assert (owned.stats().mode, owned.stats().policy) == ("guard", page.__qualname__)
    with owned.configure(policy=[].append):
        assert owned.stats().policy == "list.append"
    assert (owned.stats().mode, owned.stats().policy) == ("checked", "raise")


# ---- the snippets ----------------------------------------------------------------------------------------------------


def snippet(word: str) -> str:
    """The block of docs/modes.md that has this word in it."""
    blocks = re.findall(r"^```py\n(.*?)^```$", (ROOT / "docs" / "modes.md").read_text(), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if word in block]
    return found


def test_prometheus_snippet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The three lines for Prometheus publish the number of violations."""
    collectors: list[Any] = []
    made: list[tuple[str, float]] = []
    core = types.ModuleType("prometheus_client.core")
    core.REGISTRY = types.SimpleNamespace(register=collectors.append)  # type: ignore[attr-defined]
    core.CounterMetricFamily = lambda name, doc, value: made.append((name, value))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "prometheus_client", types.ModuleType("prometheus_client"))
    monkeypatch.setitem(sys.modules, "prometheus_client.core", core)
    exec(snippet("REGISTRY"), {})
    list(collectors[0].collect())
    assert made == [("owned_violations", owned.stats().violations)]


def test_opentelemetry_snippet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The three lines for OpenTelemetry observe the number of violations."""
    counters: list[tuple[str, Any]] = []

    class Meter:
        def create_observable_counter(self, name: str, callbacks: Any) -> None:
            counters.extend((name, callback) for callback in callbacks)

    metrics = types.ModuleType("opentelemetry.metrics")
    metrics.get_meter = lambda name: Meter()  # type: ignore[attr-defined]
    metrics.Observation = lambda value: value  # type: ignore[attr-defined]
    package = types.ModuleType("opentelemetry")
    package.metrics = metrics  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "opentelemetry", package)
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", metrics)
    exec(snippet("opentelemetry"), {})
    ((name, callback),) = counters
    assert (name, list(callback(None))) == ("owned.violations", [owned.stats().violations])
