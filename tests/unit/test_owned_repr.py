# SPDX-License-Identifier: MIT
"""repr, str, format and logging on a thread that may not look: a stub that names the owner, never an exception."""

from __future__ import annotations

import functools
import inspect
import io
import logging
import pprint
from dataclasses import dataclass

import attrs
import pytest

import owned


class _Own:
    def __init__(self):
        self.a = 1


@owned.owned
class Default(_Own):
    pass


@owned.owned
class OwnRepr(_Own):
    def __repr__(self):
        return f"OwnRepr({self.a})"


class Inherits(OwnRepr):
    pass


class Extends(OwnRepr):
    def __repr__(self):
        return f"<{super().__repr__()}>"


@owned.owned
class OwnStr(_Own):
    def __str__(self):
        return f"str {self.a}"


@owned.owned
class OwnFormat(_Own):
    def __format__(self, spec):
        return f"format {self.a:{spec}}"


class _Texts(_Own):
    def __repr__(self):
        return f"{self.a}"

    __str__ = __format__ = lambda self, *args: f"{self.a}"


@owned.owned
class FromPlainBase(_Texts):
    pass


@owned.owned
class InSlots:
    __slots__ = ("a",)

    def __init__(self):
        self.a = 1

    def __repr__(self):
        return f"{self.a}"


@owned.owned
class Partial(_Own):
    def _text(self, word):
        return f"{word} {self.a}"

    __repr__ = functools.partialmethod(_text, "partial")


@owned.owned
@dataclass
class DataBelow:
    a: int = 1


@dataclass
@owned.owned
class DataAbove:
    a: int = 1


@owned.owned
@attrs.define
class AttrsBelow:
    a: int = 1


@attrs.define
@owned.owned
class AttrsAbove:
    a: int = 1


KINDS = [
    Default,
    OwnRepr,
    Inherits,
    Extends,
    OwnStr,
    OwnFormat,
    FromPlainBase,
    InSlots,
    Partial,
    DataBelow,
    DataAbove,
    AttrsBelow,
    AttrsAbove,
]


def _log(x):
    stream = io.StringIO()
    logger = logging.Logger("test")
    logger.addHandler(logging.StreamHandler(stream))
    logger.warning("%s %r", x, x)
    return stream.getvalue()


TEXTS = {
    "repr": repr,
    "str": str,
    "format": format,
    "format spec": lambda x: format(x, "5"),
    "f-string": lambda x: f"{x} {x!r} {x!s}",
    "percent": lambda x: "%r %s" % (x, x),  # noqa: UP031 - the operator is the test
    "in a list": lambda x: repr([x]),
    "by the class": lambda x: type(x).__repr__(x),
    "logging": _log,
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", KINDS)
def test_stub(kind, text, elsewhere, capsys):
    """The owner sees its text, another thread the stub."""
    x = kind()
    if text == "format spec" and "__format__" not in vars(kind) and "__format__" not in vars(kind.__base__):
        pytest.skip("no format of its own")
    TEXTS[text](x)
    shown = elsewhere(TEXTS[text], x)
    assert f"<{kind.__name__} at {id(x):#x}, owned by thread 'MainThread'>" in shown
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", KINDS)
def test_stub_by_state(kind, elsewhere):
    """Moved and shared objects say so; under the lock the text is there."""
    x = kind()
    lock = owned.Lock()
    here = repr(x)
    owned.share(x, lock=lock)
    assert "guarded by <Lock" in repr(x)
    with lock:
        assert repr(x) == here
    y = kind()
    owned.move(y)
    assert "in transit" in f"{y}"


def test_base_text_changed_later(elsewhere):
    """A text that a base gets later is its subclasses' too."""

    class Plain:
        pass

    @owned.owned
    class K(Plain):
        pass

    class L(K):
        pass

    x = L()
    Plain.__str__ = lambda self: f"plain {self.a}"
    x.a = 1
    assert str(x) == "plain 1"


def test_introspection():
    """The text methods keep name, doc, signature and source."""

    @owned.owned
    class K:
        def __repr__(self) -> str:
            """Doc."""
            return "k"

    K()
    assert K.__repr__.__doc__ == "Doc."
    assert K.__repr__.__name__ == "__repr__"
    assert str(inspect.signature(K.__repr__)) in ("(self) -> str", "(self) -> 'str'")
    assert "Doc." in inspect.getsource(K.__repr__)


def test_pprint():
    """Pprint shows an owned dataclass as it shows any other."""

    @dataclass
    class Row:
        name: str
        cells: tuple

    plain = pprint.pformat(Row("x" * 50, ("y" * 50,)))
    guarded = pprint.pformat(owned.owned(Row)("x" * 50, ("y" * 50,)))
    assert guarded == plain


def test_none_is_left_alone():
    """A class that takes __str__ away keeps it away."""

    @owned.owned
    class K:
        __str__ = None

    with pytest.raises(TypeError):
        str(K())
