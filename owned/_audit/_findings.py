# SPDX-License-Identifier: MIT
"""What an audit found, as data: values that hold no object of the program, and that JSON can carry.

`owned._audit._gather` makes them of what the detector tells; everything that shows or compares findings starts here.
"""

from __future__ import annotations

import hashlib
import linecache
import os
import re
import types
import typing
from enum import StrEnum
from typing import Any, TypeVar

import attrs

_T = TypeVar("_T")


class Certainty(StrEnum):
    """How sure a race is."""

    CERTAIN = "certain"
    POSSIBLE = "possible"


class Kind(StrEnum):
    """What sort of thing a variable is."""

    ATTRIBUTE = "attribute"
    CLASS_ATTRIBUTE = "class attribute"
    GLOBAL = "global"
    CLOSURE = "closure"
    ITEM = "item"
    CONTAINER = "container"


class State(StrEnum):
    """How a variable was exposed to threads, from the best to the worst."""

    PRIVATE = "private"
    HANDED_OVER = "handed over"
    READ_SHARED = "read-shared"
    LOCKED = "under a lock"
    ATOMIC = "atomic"
    LUCKY = "ordered by luck"
    UNPROTECTED = "unprotected"


class Status(StrEnum):
    """What is known of a race already."""

    NEW = "new"
    KNOWN = "known"
    ALLOWED = "allowed"


@attrs.frozen
class Place:
    """A place in the program.

    Attributes:
        file: the source file.
        line: the line in it, from 1.
        function: the function's qualified name.
        end_line: the line where the expression ends.
        column: where it begins, in characters from 0; None where the compiler did not tell.
        end_column: where it ends.
    """

    file: str
    line: int
    function: str
    end_line: int | None = None
    column: int | None = None
    end_column: int | None = None

    @property
    def source(self) -> str:
        """The line of code, without its indentation; empty where nobody has it."""
        return linecache.getline(self.file, self.line).strip()

    @property
    def expression(self) -> str:
        """The very expression, where it stands on one line; else empty."""
        if self.column is None or self.end_column is None or self.end_line not in (None, self.line):
            return ""
        return linecache.getline(self.file, self.line)[self.column : self.end_column]

    def __str__(self) -> str:
        """``file:line in function``."""
        return f"{self.file}:{self.line} in {self.function}"


@attrs.frozen
class Variable:
    """What was touched: an attribute, a global, a closure variable, an item of a container, or the container itself.

    Attributes:
        kind: which of these.
        owner: ``module.Class``, ``module``, ``module.function`` or the type of the container: what has it.
        name: of the attribute or variable; the ``repr`` of the key; empty for a container.
    """

    kind: Kind
    owner: str
    name: str

    def __str__(self) -> str:
        """As one would write it: ``bank.Account.balance``, ``bank.total``, ``list[0]``, ``dict``."""
        if self.kind is Kind.CONTAINER:
            return self.owner
        return f"{self.owner}[{self.name}]" if self.kind is Kind.ITEM else f"{self.owner}.{self.name}"

    @property
    def family(self) -> str:
        """The same for all items of such containers: which key races first is chance."""
        return f"{self.owner}[]" if self.kind is Kind.ITEM else str(self)

    @property
    def short(self) -> str:
        """The same without the module of a class or function: ``Account.balance``."""
        return str(attrs.evolve(self, owner=self.owner_name))

    @property
    def owner_name(self) -> str:
        """The owner without its module, which the names of classes and functions begin with."""
        if self.kind is Kind.GLOBAL:
            return self.owner
        return (
            self.owner.rpartition(".")[2] if ".<locals>." not in self.owner else self.owner.rpartition(".<locals>.")[2]
        )

    @property
    def words(self) -> str:
        """The same with what it is: ``the global bank.total``."""
        if self.kind is Kind.CONTAINER:
            return f"{'an' if self.owner[:1] in 'aeiouAEIOU' else 'a'} {self.owner}"
        if self.kind is Kind.CLOSURE:
            return f"the variable {self.name} of {self.owner_name}()"
        if self.kind is Kind.ITEM:
            return f"the item {self.name} of a {self.owner}"
        return self.short if self.kind is Kind.ATTRIBUTE else f"the {self.kind} {self.short}"


@attrs.frozen
class Access:
    """One of the two accesses of a race.

    Attributes:
        kind: ``"read"``, ``"write"``, ``"update"`` (``x += 1``: both, in two steps), or ``"atomic"``, an update that
            CPython makes in one step, as ``append`` is.
        operation: how: ``".balance +="``, ``"[] ="``, ``"iteration"``, ``"append"`` ...
        thread: the number of the thread.
        stack: where, innermost first. Never empty.
        locks: the numbers of the locks that the thread held; negative where it held one for reading.
    """

    kind: str
    operation: str
    thread: int
    stack: tuple[Place, ...]
    locks: tuple[int, ...] = ()

    @property
    def place(self) -> Place:
        """The line that did it."""
        return self.stack[0]

    @property
    def writes(self) -> bool:
        """Whether it changed the variable."""
        return self.kind != "read"

    @property
    def verb(self) -> str:
        """What was done, in the past tense."""
        return _VERBS.get(self.operation) or _VERBS[self.kind]


_VERBS = {
    "read": "read",
    "write": "wrote",
    "update": "read and wrote",
    "atomic": "changed",
    "iteration": "iterated over",
    "slice": "copied",
    "in": "looked into",
    "len": "counted",
    "append": "appended to",
    "appendleft": "appended to",
    "add": "added to",
    "extend": "extended",
    "insert": "inserted into",
    "pop": "popped from",
    "popleft": "popped from",
    "remove": "removed from",
    "discard": "removed from",
    "clear": "cleared",
    "sort": "sorted",
    "reverse": "reversed",
}


@attrs.frozen
class Race:
    """Two accesses to one variable that nothing ordered; those of one pair of lines are one race.

    Attributes:
        certainty: ``certain`` if nothing ordered the two in this run; ``possible`` if only the order in which a lock
            happened to be taken did.
        variable: what was touched.
        first: the access that came first in this run.
        second: the one that came then.
        made: where the object was made, innermost first; empty if that is not known.
        maker: the name of the thread that made it; empty if that is not known.
        count: how often it was seen.
        remedy: the way out, in one sentence or two.
        status: whether it is new, in the baseline, or allowed by a comment.
        reason: what baseline or comment say.
        tests: the tests in which it was seen.
    """

    certainty: Certainty
    variable: Variable
    first: Access
    second: Access
    made: tuple[Place, ...] = ()
    maker: str = ""
    count: int = 1
    remedy: str = ""
    status: Status = Status.NEW
    reason: str = ""
    tests: tuple[str, ...] = ()

    @property
    def accesses(self) -> tuple[Access, Access]:
        """Both."""
        return self.first, self.second

    @property
    def counts(self) -> bool:
        """Whether it makes a run fail: it is certain, and nobody knew of it."""
        return self.certainty is Certainty.CERTAIN and self.status is Status.NEW

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two races the same one within a run: the variable and the two places, in either order."""
        return (
            self.variable.family,
            *sorted((one.place.file, one.place.line, one.place.function) for one in self.accesses),
        )

    def fingerprint(self, root: str) -> str:
        """The same race in another run of another version: no line numbers, and files relative to `root`."""
        sites = sorted("\0".join(site) for site in self.sites(root))
        told = "\1".join([self.variable.family, *sites])
        return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()[:16]

    def sites(self, root: str) -> list[tuple[str, str, str]]:
        """File, function and line of code of both accesses."""
        return [(relative(one.place.file, root), one.place.function, one.place.source) for one in self.accesses]


@attrs.frozen
class Thread:
    """A thread that was seen.

    Attributes:
        number: ours, never used twice.
        name: what the program calls it.
    """

    number: int
    name: str


@attrs.frozen
class Lock:
    """A lock that was seen.

    Attributes:
        number: ours.
        kind: ``"Lock"``, ``"RLock"`` ...
        given: the name that the program gave it; empty if it gave none.
        made: where it was made, innermost first; empty if that is not known.
        takings: how often it was taken.
        threads: the numbers of the threads that took it.
        guarded: how many variables that two threads touched it was held for at every access.
    """

    number: int
    kind: str
    given: str = ""
    made: tuple[Place, ...] = ()
    takings: int = 0
    threads: tuple[int, ...] = ()
    guarded: int = 0

    @property
    def name(self) -> str:
        """Its name, or what the source calls it where it is made, as ``self._lock``; else its kind and number."""
        return self.given or self.assigned or f"{self.kind} #{self.number}"

    @property
    def assigned(self) -> str:
        """What the source calls it where it is made; empty if it does not tell."""
        found = _ASSIGNED.match(self.made[0].source) if self.made else None
        return found["name"] if found is not None and _is_about(self.kind, found["maker"]) else ""


@attrs.frozen
class Exposure:
    """How one variable of a class, module, function or container was exposed; all objects of a class together.

    Attributes:
        variable: which.
        made: where the objects were made, innermost first; of containers only.
        objects: how many objects there were.
        shared: how many of these two threads touched, or more.
        threads: the numbers of the threads that touched it.
        reads: how often it was read once it was shared, each thread's first time between two synchronisations.
        writes: how often it was written then.
        initial: how often it was written before, by the first thread.
        locks: the numbers of the locks that were held at every access once it was shared.
        ordered_by: what put the accesses of two threads in order: ``"start"``, ``"queue"``, ``"lock"`` ...
            ``"nothing"`` if some were in no order, as reads may be.
        races: how many certain races were found.
        possible: how many possible ones.
    """

    variable: Variable
    made: tuple[Place, ...] = ()
    objects: int = 0
    shared: int = 0
    threads: tuple[int, ...] = ()
    reads: int = 0
    writes: int = 0
    initial: int = 0
    locks: tuple[int, ...] = ()
    ordered_by: tuple[str, ...] = ()
    races: int = 0
    possible: int = 0

    @property
    def state(self) -> State:
        """How well it was protected, at worst."""
        if self.races:
            return State.UNPROTECTED
        if self.possible:
            return State.LUCKY
        if not self.shared:
            return State.PRIVATE
        if not self.writes:
            return State.READ_SHARED
        if self.locks:
            return State.LOCKED
        return State.ATOMIC if "nothing" in self.ordered_by else State.HANDED_OVER


@attrs.frozen
class Findings:
    """All that an audit found.

    Attributes:
        races: in the order in which they were found.
        threads: those that were seen.
        locks: those that were seen.
        exposures: the map.
        forgotten: how many variables the bound on memory made the audit forget.
        complete: false when the process died before the end, and all but the races is lost.
        notes: sentences for the reader: what could not be seen, and why.
    """

    races: tuple[Race, ...] = ()
    threads: tuple[Thread, ...] = ()
    locks: tuple[Lock, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    forgotten: int = 0
    complete: bool = True
    notes: tuple[str, ...] = ()

    @property
    def failing(self) -> tuple[Race, ...]:
        """The races that make a run fail."""
        return tuple(race for race in self.races if race.counts)

    def thread_name(self, number: int) -> str:
        """The name of a thread, with its number where two have the same."""
        name = self._thread_names().get(number)
        return f"#{number}" if name is None else name

    def _thread_names(self) -> dict[int, str]:
        names = [thread.name for thread in self.threads]
        return {
            thread.number: thread.name + (f" #{thread.number}" if names.count(thread.name) > 1 else "")
            for thread in self.threads
        }

    def lock_of(self, number: int) -> Lock:
        """A lock by its number, which is negative where it was held for reading."""
        for lock in self.locks:
            if lock.number == abs(number):
                return lock
        return Lock(abs(number), "Lock")


def relative(file: str, root: str) -> str:
    """The file's path below `root`, with slashes; as it is where it lies elsewhere."""
    folder = os.path.join(root, "")
    return file[len(folder) :].replace(os.sep, "/") if file.startswith(folder) else file


_ASSIGNED = re.compile(r"(?P<name>[^\W\d][\w.]*)\s*(:[^=]+)?=\s*(?P<maker>[\w.]+)\(")
"""A line such as ``self._lock = threading.Lock()``, which gives a name to what it makes."""


def _is_about(kind: str, maker: str) -> bool:
    """Whether a call makes the lock, and not a thing that has one."""
    return any(word in maker.lower() for word in (kind.lower(), "lock"))


# ---- to JSON and back ------------------------------------------------------------------------------------------------


def to_dict(value: Any) -> dict[str, Any]:
    """One of the classes above as plain data."""
    plain = _plain(value)
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        return {field.name: _plain(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, StrEnum) else value


def from_dict(kind: type[_T], facts: dict[str, Any]) -> _T:
    """What ``to_dict`` made; keys that the class does not have are skipped."""
    hints = typing.get_type_hints(kind)
    names = [field.name for field in attrs.fields(kind)]  # type: ignore[arg-type]  # they all are attrs classes
    return kind(**{name: _restored(hints[name], facts[name]) for name in names if name in facts})


def _restored(hint: Any, value: Any) -> Any:
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        hint = next(one for one in typing.get_args(hint) if one is not type(None))
    if typing.get_origin(hint) is tuple:
        return tuple(_restored(typing.get_args(hint)[0], one) for one in value)
    if attrs.has(hint):
        return from_dict(hint, value)
    return hint(value) if isinstance(hint, type) and issubclass(hint, StrEnum) else value
