# SPDX-License-Identifier: MIT
"""What becomes of a violation: raise, warn, log, count, a callable; and what no policy lets pass."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import owned
from guarded import Bag, Node
from owned import _policy
from owned._violations import observe, react

PASSING = ["warn", "log", "count", lambda violation: None]


@pytest.fixture(params=PASSING, ids=["warn", "log", "count", "callable"])
def passing(request: pytest.FixtureRequest) -> Any:
    """Each policy that lets accesses pass, in force."""
    with owned.configure(policy=request.param), warnings.catch_warnings():
        warnings.simplefilter("ignore", owned.ViolationWarning)
        yield request.param


TOUCHES: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], object]] = {
    "read a slot": (lambda: Node("n"), lambda x: x.name, "n"),
    "write a slot": (lambda: Node("n"), lambda x: (setattr(x, "name", "m"), x.name)[1], "m"),
    "store a list in a slot": (lambda: Node("n"), lambda x: (setattr(x, "next", [1]), list(x.next))[1], [1]),
    "call a method": (lambda: Node("n"), lambda x: x.rename("m"), "n"),
    "read an attribute": (lambda: Bag(a=1), lambda x: x.a, 1),
    "write an attribute": (lambda: Bag(a=1), lambda x: (setattr(x, "a", [2]), list(x.a))[1], [2]),
    "delete an attribute": (lambda: Bag(a=1), lambda x: (delattr(x, "a"), hasattr(x, "a"))[1], False),
    "List": (lambda: owned.List([1]), lambda x: (x.append(2), x[-1], len(x))[1:], (2, 2)),
    "Dict": (lambda: owned.Dict(a=1), lambda x: (x.update(b=2), list(x.items()))[1], [("a", 1), ("b", 2)]),
    "Set": (lambda: owned.Set([1]), lambda x: (x.add(2), sorted(x))[1], [1, 2]),
    "iteration": (lambda: owned.List([1, 2]), lambda x: [item + 1 for item in x], [2, 3]),
    "wrapper": (lambda: owned.own([3, 1]), lambda x: (x.sort(), x[0])[1], 1),
    "unwrap": (lambda: owned.own([1]), owned.unwrap, [1]),
    "locked()": (lambda: Node("n"), lambda x: owned.locked(x).__enter__().name, "n"),
}


@pytest.mark.parametrize("name", TOUCHES)
def test_an_access_passes(name: str, passing: Any, elsewhere: Any) -> None:
    """Under every policy but raise, what is refused happens after all, and is counted."""
    make, touch, expected = TOUCHES[name]
    before = owned.stats().violations
    assert elsewhere(touch, make()) == expected
    assert owned.stats().violations > before


def frozen_node() -> Any:
    return owned.freeze(Node("n"))


REFUSALS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], type[BaseException]]] = {
    "write to a frozen instance": (frozen_node, lambda x: setattr(x, "name", "m"), owned.FrozenError),
    "write to a frozen wrapper": (
        lambda: owned.freeze(owned.own(Node("n"))),
        lambda x: x.__setattr__("name", 1),
        owned.FrozenError,
    ),
    "share": (lambda: Node("n"), owned.share, owned.WrongThreadError),
    "move": (lambda: Node("n"), owned.move, owned.WrongThreadError),
    "adopt": (lambda: Node("n"), owned.adopt, owned.WrongThreadError),
    "freeze": (lambda: Node("n"), owned.freeze, owned.WrongThreadError),
    "enter a region": (owned.Region, lambda x: x.__enter__(), owned.WrongThreadError),
    "release": (owned.Lock, lambda x: x.release(), owned.LockNotHeldError),
    "claim twice": (
        lambda: (lambda parcel: (parcel.claim(), parcel)[1])(owned.move(Node("n"))),
        lambda x: x.claim(),
        owned.MovedError,
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_pass_raises(name: str, passing: Any, elsewhere: Any) -> None:
    """Writes to frozen objects and verbs that cannot be granted raise under every policy."""
    make, touch, error = REFUSALS[name]
    with pytest.raises(error):
        elsewhere(touch, make())


def test_raise_is_the_default(elsewhere: Any) -> None:
    """Without a word the access raises."""
    assert owned.stats().policy == "raise"
    with pytest.raises(owned.WrongThreadError):
        elsewhere(lambda node: node.name, Node("n"))


# ---- warn ------------------------------------------------------------------------------------------------------------


def test_warn_points_at_the_line(elsewhere: Any) -> None:
    """The warning has the message, the file and the line of the touch, and the Violation."""
    node = Node("n")
    with owned.configure(policy="warn"), pytest.warns(owned.ViolationWarning) as caught:
        elsewhere(lambda: node.name)
    (warning,) = caught
    assert warning.filename == __file__
    assert isinstance(warning.message, owned.ViolationWarning)
    violation = warning.message.violation
    assert violation is not None
    assert (warning.lineno, str(warning.message)) == (violation.line, violation.message)
    assert violation.touch == "read Node.name"


def test_warn_can_be_an_error(elsewhere: Any) -> None:
    """With -W error the access raises the warning."""
    with owned.configure(policy="warn"), warnings.catch_warnings():
        warnings.simplefilter("error", owned.OwnershipWarning)
        with pytest.raises(owned.ViolationWarning, match=r"read Node\.name"):
            elsewhere(lambda node: node.name, Node("n"))


def test_warn_in_code_of_a_guarded_namespace(elsewhere: Any) -> None:
    """Code whose globals are a Dict of another thread is warned about without touching that."""
    names = owned.Dict(node=Node("n"))
    with owned.configure(policy="warn"), pytest.warns(owned.ViolationWarning) as caught:
        elsewhere(exec, "node.name", names)
    assert any("read Node.name" in str(warning.message) for warning in caught)


# ---- log -------------------------------------------------------------------------------------------------------------


def test_log_tells_a_site_in_powers_of_ten(elsewhere: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The first violation of a site is logged in full, then the 10th, 100th ... with the count, at the user's line."""
    node = Node("n")

    def touch() -> None:
        for _ in range(1234):
            node.name

    with owned.configure(policy="log"):
        elsewhere(touch)
    records = [record for record in caplog.records if record.name == "owned"]
    assert [record.levelno for record in records] == [logging.ERROR] * 4
    assert "thread 'elsewhere' tried to read Node.name" in records[0].getMessage()
    assert [record.getMessage().rpartition(", ")[2] for record in records[1:]] == [
        f"{count} times so far" for count in (10, 100, 1000)
    ]
    assert {(record.pathname, record.funcName) for record in records} == {(__file__, touch.__qualname__)}
    assert records[0].violation.line == records[0].lineno  # type: ignore[attr-defined]


def test_log_counts_each_site_apart(elsewhere: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Another line, and another attribute, is another site."""
    node = Node("n")

    def touch() -> None:
        node.name, node.next
        node.name

    with owned.configure(policy="log"):
        elsewhere(touch)
    assert len(caplog.records) == 3


def test_log_remembers_so_many_sites(
    elsewhere: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that touches ever new keys does not fill the memory: the sites beyond a number count as one."""
    monkeypatch.setattr(_policy, "_SITES_REMEMBERED", 5)
    numbers = owned.List(range(100))
    with owned.configure(policy="log"):
        elsewhere(lambda: [numbers[i] for i in range(100)])
    assert len(caplog.records) == 5 + 2  # the first and the tenth of the rest


def test_log_survives_a_handler_that_fails(elsewhere: Any) -> None:
    """What a log handler raises does not reach the access."""

    class Failing(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise OSError("disk full")

    logger, handler = logging.getLogger("owned"), Failing()
    logger.addHandler(handler)
    try:
        with owned.configure(policy="log"):
            assert elsewhere(lambda node: node.name, Node("n")) == "n"
    finally:
        logger.removeHandler(handler)


# ---- a callable, and what happens inside a reaction ------------------------------------------------------------------


def test_a_callable_gets_the_violation(elsewhere: Any) -> None:
    """It is called once for each violation, on its thread."""
    seen: list[tuple[str, Any]] = []
    with owned.configure(policy=lambda violation: seen.append((threading.current_thread().name, violation))):
        elsewhere(lambda node: node.name, Node("n"))
    ((thread, violation),) = seen
    assert (thread, violation.touch, violation.toucher) == ("elsewhere", "read Node.name", "elsewhere")


def test_what_the_callable_raises_is_raised(elsewhere: Any) -> None:
    """The exception of the policy is what the access raises; a BaseException, too."""

    class Stop(BaseException):
        pass

    def stop(violation: object) -> None:
        raise Stop

    with owned.configure(policy=stop), pytest.raises(Stop):
        elsewhere(lambda node: node.name, Node("n"))


@pytest.mark.parametrize("policy", ["callable", "log", "warn"])
def test_a_reaction_that_violates_ends(policy: str, elsewhere: Any) -> None:
    """A reaction that touches what is not its own neither goes in circles nor fails the access: that is counted."""
    node, calls = Node("n"), []

    def touch_again(*ignored: object, **named: object) -> bool:
        calls.append(node.name)
        return True

    logger = logging.getLogger("owned")
    before = owned.stats().violations
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logger, "handle", touch_again)
        patch.setattr(warnings, "warn_explicit", touch_again)
        with owned.configure(policy=touch_again if policy == "callable" else policy):  # type: ignore[arg-type]
            assert elsewhere(lambda: node.name) == "n"
    assert calls == ["n"]
    assert owned.stats().violations == before + 2


@pytest.mark.parametrize("policy", ["raise", *PASSING], ids=["raise", "warn", "log", "count", "callable"])
def test_observers_hear_of_it_whatever_the_policy(policy: Any, elsewhere: Any) -> None:
    """Whoever observes violations sees those that pass, too."""
    seen: list[owned.OwnershipError] = []
    with (
        observe(seen.append),
        owned.configure(policy=policy),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            elsewhere(lambda node: node.name, Node("n"))
        except owned.WrongThreadError:
            assert policy == "raise"
    (error,) = seen
    assert error.violation is not None


def test_react_for_other_errors() -> None:
    """An error of another part goes the same way: None to pass, the error to raise, or what the policy raised."""
    error = owned.LockOrderError("both orders")
    assert react(error) is error
    with owned.configure(policy="count"):
        assert react(error) is None
    raised = KeyError()

    def fail(violation: object) -> None:
        raise raised

    with owned.configure(policy=fail):
        assert react(error) is raised
