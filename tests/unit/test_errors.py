# SPDX-License-Identifier: MIT
"""The errors: hierarchy, facts, messages."""

from __future__ import annotations

import gc
import pickle
import sys
import weakref
from typing import Any

import pytest

import owned
from guarded import Bag, Node
from owned import errors
from owned._violations import observe


def violation(elsewhere: Any, touch: Any) -> owned.OwnershipError:
    with pytest.raises(owned.OwnershipError) as caught:
        elsewhere(touch)
    return caught.value


def test_hierarchy() -> None:
    """All but warnings are RuntimeErrors; what changes a frozen thing is a TypeError too."""
    not_about_objects = {"ChannelClosed": RuntimeError}
    for name in errors.__all__:
        base = not_about_objects.get(name) or (
            owned.OwnershipWarning if name.endswith("Warning") else owned.OwnershipError
        )
        assert issubclass(getattr(errors, name), base)
        assert issubclass(base, (RuntimeError, UserWarning))
        assert not issubclass(getattr(errors, name), (AttributeError, LookupError))
    assert issubclass(owned.FrozenError, TypeError)
    assert issubclass(owned.FreezeError, TypeError)


def test_names_of_pep_805() -> None:
    """The PEP's names are aliases."""
    assert owned.IllegalThreadAccessException is owned.WrongThreadError
    assert owned.UnprotectedAccessException is owned.LockNotHeldError
    assert owned.TransferBox is owned.Parcel


def test_hasattr_and_getattr_do_not_swallow(elsewhere: Any) -> None:
    """A wrong-thread read is no missing attribute."""
    node = Node()
    with pytest.raises(owned.WrongThreadError):
        elsewhere(hasattr, node, "name")
    with pytest.raises(owned.WrongThreadError):
        elsewhere(getattr, node, "name", None)


def test_facts_are_attributes(elsewhere: Any) -> None:
    """What the sentence says, as data."""
    node = Node()
    error = violation(elsewhere, lambda: setattr(node, "name", "x"))
    assert (error.type_name, error.address, error.access, error.name) == ("Node", id(node), "write", "name")
    assert (error.state, error.owner, error.toucher, error.lock) == ("private", "MainThread", "elsewhere", None)
    assert error.owner_id != error.toucher_id
    filename, line, function = error.site
    assert filename == __file__
    assert line > 1
    assert "test_facts_are_attributes" in function
    assert "share(obj, lock=...)" in error.advice


def test_the_sentence(elsewhere: Any) -> None:
    """What happened, to which object, whose it is, who did it, and the way out."""
    node = Node()
    text = str(violation(elsewhere, lambda: node.name))
    assert text == (
        "thread 'elsewhere' tried to read Node.name, but it is private to thread 'MainThread'. Share it with "
        "share(obj, lock=...), hand it over with move(obj), or freeze(obj) it if it does not change any more."
    )


def test_a_global_is_named(elsewhere: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry made when its module was imported says so."""
    registry = Bag()
    monkeypatch.setattr(sys.modules[__name__], "REGISTRY", registry, raising=False)
    text = str(violation(elsewhere, lambda: setattr(registry, "x", 1)))
    assert f"It is the global {__name__}.REGISTRY: whoever ran that module owns it." in text


def test_errors_keep_nothing_alive(elsewhere: Any) -> None:
    """An exception holds facts, not the object."""

    def touch_one() -> tuple[owned.OwnershipError, weakref.ref[Any]]:
        node = Node()
        return violation(elsewhere, lambda: node.name).with_traceback(None), weakref.ref(node)

    error, ref = touch_one()
    gc.collect()
    assert ref() is None
    assert error.type_name == "Node"


def test_errors_travel(elsewhere: Any) -> None:
    """With all their facts, to another process too."""
    node = owned.share(Node())
    error = violation(elsewhere, lambda: node.name)
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is owned.LockNotHeldError
    assert str(twin) == str(error)
    assert vars(twin) == vars(error)
    assert twin.record.verb == "share"


def test_hostile_names_and_keys(elsewhere: Any) -> None:
    """A message runs nobody's code: a str subclass as a name, a key with a __repr__ of its own."""

    class Name(str):
        __slots__ = ()

        def __str__(self) -> str:
            raise AssertionError

        __repr__ = __format__ = __str__  # type: ignore[assignment]

    node = Bag(name=1)
    assert violation(elsewhere, lambda: getattr(node, Name("name"))).name == "name"

    class Key:
        def __repr__(self) -> str:
            raise AssertionError

    table = owned.Dict()
    assert violation(elsewhere, lambda: table[Key()]).name == "<Key>"


def test_observers_see_each_as_it_is_made(elsewhere: Any) -> None:
    """Also one that is swallowed, on the thread that made it; a failing observer changes nothing."""
    node = Node()
    seen: list[owned.OwnershipError] = []

    def swallow() -> None:
        try:
            node.name
        except RuntimeError:
            pass

    def fail(error: owned.OwnershipError) -> None:
        raise ValueError

    with observe(fail), observe(seen.append):
        elsewhere(swallow)
    elsewhere(swallow)
    assert [error.access for error in seen] == ["read"]


def test_observers_see_refused_verbs_too() -> None:
    """A parcel claimed twice, an object shared twice: misuse is seen like a touch."""
    seen: list[owned.OwnershipError] = []
    parcel, shared = owned.move(Node()), owned.share(Node())
    parcel.claim()
    with observe(seen.append):
        for misuse in (
            parcel.claim,
            lambda: owned.share(shared),
            lambda: owned.move(shared),
            lambda: owned.adopt(shared),
        ):
            with pytest.raises(owned.OwnershipError):
                misuse()
    assert [(error.access, error.type_name) for error in seen] == [
        ("claim", "Parcel"),
        ("share", "Node"),
        ("move", "Node"),
        ("adopt", "Node"),
    ]
    assert {error.site[0] for error in seen} == {__file__}
