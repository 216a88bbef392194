# SPDX-License-Identifier: MIT
"""What a subject is made of: a module, the calls that threads make on it, and the objects that they share."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
from hypothesis import strategies as st

Make = Callable[[Any], Any]


@attrs.frozen
class Op:
    """One operation of a thread.

    Attributes:
        function: The name of an attribute of what is shared (the module, or the object), dots allowed; or a function
            whose first argument is that.
        arguments: Draw the other arguments. What is drawn belongs to one thread, so it has to be made anew or to be
            immutable: ``sampled_from`` over lists would share them.
        keywords: The same for keyword arguments.
    """

    function: str | Callable[..., Any]
    arguments: tuple[st.SearchStrategy[Any], ...] = ()
    keywords: dict[str, st.SearchStrategy[Any]] = attrs.field(factory=dict)

    @property
    def name(self) -> str:
        """How errors name it."""
        if isinstance(self.function, str):
            return self.function
        code = getattr(self.function, "__code__", None)
        return repr(self.function) if code is None else f"line {code.co_firstlineno}"

    def calls(self) -> st.SearchStrategy[Call]:
        """This operation with arguments."""
        return st.builds(Call, st.just(self), st.tuples(*self.arguments), st.fixed_dictionaries(self.keywords))


@attrs.frozen
class Call:
    """An operation with its arguments."""

    op: Op
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]

    def make(self, receiver: Any) -> None:
        """Do it, to the end of the iterator that it may return."""
        function = self.op.function
        if isinstance(function, str):
            for part in function.split("."):
                receiver = getattr(receiver, part)
            result = receiver(*self.arguments, **self.keywords)
        else:
            result = function(receiver, *self.arguments, **self.keywords)
        if isinstance(result, Iterator):
            for _ in itertools.islice(result, 50):
                pass


@attrs.frozen
class Shared:
    """An object that all threads share.

    Attributes:
        name: How the page names it: its class.
        make: Makes one, given the module.
        ops: What threads do to it.
        promised: Do the docs of Python promise that threads may share it? Where? Empty: they do not.
        done: Called with it when its threads have ended.
    """

    name: str
    make: Make
    ops: tuple[Op, ...]
    promised: str = ""
    done: Callable[[Any], object] | None = None


@attrs.frozen
class Subject:
    """A module, and how it is used.

    Attributes:
        module: Its name.
        title: What the page calls it, where that is something else.
        calls: Functions of the module, called with arguments of the thread's own.
        objects: What threads share besides.
        blocked: Accelerators in C that are made unimportable, for what they replace is what is audited.
        files: The modules whose lines are counted. Empty: it, and all below it.
        left_out: Those below it that are not, with the reason in the page's words.
        fresh: Import it anew if it was imported already, so that its own level is seen, too. Not where the whole
            process depends on there being one.
        tests: Modules of CPython's tests. Those of their tests that speak of threads are run.
        not_tests: Parts of names of tests that are not run: they take long, or kill the process.
        examples: How many random examples are drawn, each of 2 to 4 threads with up to 6 calls.
        note: What a reader of the page should know.
    """

    module: str
    title: str = attrs.field(default=attrs.Factory(lambda self: self.module, takes_self=True), kw_only=True)
    calls: tuple[Op, ...] = ()
    objects: tuple[Shared, ...] = ()
    blocked: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    left_out: dict[str, str] = attrs.field(factory=dict)
    fresh: bool = True
    tests: tuple[str, ...] = ()
    not_tests: tuple[str, ...] = ()
    examples: int = 30
    note: str = ""


def op(
    function: str | Callable[..., Any], *arguments: st.SearchStrategy[Any], **keywords: st.SearchStrategy[Any]
) -> Op:
    """An operation, see `Op`."""
    return Op(function, arguments, keywords)


def each(names: str, *arguments: st.SearchStrategy[Any]) -> tuple[Op, ...]:
    """Several operations with the same arguments, their names apart by spaces."""
    return tuple(Op(name, arguments) for name in names.split())


def shared(name: str, make: Make, *ops: Op, promised: str = "", done: Callable[[Any], object] | None = None) -> Shared:
    """An object that threads share, see `Shared`."""
    return Shared(name, make, ops, promised, done)


_own = threading.local()
_numbers = itertools.count()


def own(name: str) -> Path:
    """A path that no other thread uses, in the folder that the process has for itself."""
    if not hasattr(_own, "folder"):
        _own.folder = Path(f"own-{next(_numbers)}")
        _own.folder.mkdir()
    path: Path = _own.folder / name
    return path


# ---- arguments

small = st.integers(0, 3)
numbers = st.integers(-5, 20)
floats = st.sampled_from([0.0, 1.5, -2.25, 3.0])
words = st.sampled_from(["", "a", "b", "key", "two words", "a=1", "%s", "é"])
names = st.sampled_from(["a", "b", "c", "name"])
text = st.sampled_from(["", "a b c", "one\ntwo\n\nthree", "  indented\n    more\n", "<a href='x'>&amp;</a>", "x" * 90])
data = st.sampled_from([b"", b"abc", b"\x00\xff" * 9, b"line\r\nline\n"])
flags = st.booleans()
lists = st.lists(numbers, max_size=8)
filled = st.lists(numbers, min_size=1, max_size=8)
strings = st.lists(words, max_size=6)
dicts = st.dictionaries(names, numbers, max_size=4)
scalars = st.sampled_from([None, True, 0, 7, 1.5, "text", b"bytes"])
trees = st.recursive(
    st.sampled_from([None, True, 0, 7, 1.5, "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
