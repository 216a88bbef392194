# SPDX-License-Identifier: MIT
"""What freeze makes of each type: the cold side of freezing, in Python. The walk and the commit are in C.

The core asks ``plan_for(type)`` once for each type that it does not know by itself and for each call of ``freeze``.
For instances of Python classes the plan holds the *frozen class*: a subclass of the class and of ``FrozenBase``, made
once.
"""

from __future__ import annotations

import abc
import enum
import functools
import struct
import sys
import threading
import types
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from owned._words import with_article

if TYPE_CHECKING:
    from owned._core import FreezePlan

_T = TypeVar("_T")


class Kind(enum.IntEnum):
    """What freeze makes of an object. The numbers are those of ``owned_freeze_kind`` in csrc/frozen.h."""

    PASS = 0
    INSTANCE = 1
    CONVERT = 2
    REFUSE = 3
    TUPLE = 8
    FROZENSET = 9


# ---- types that are known by name, so that nothing has to be imported for them -----------------------------------

_IMMUTABLE: Final[dict[str, frozenset[str]]] = {
    "datetime": frozenset({"date", "datetime", "time", "timedelta", "timezone"}),
    "decimal": frozenset({"Decimal"}),
    "fractions": frozenset({"Fraction"}),
    "functools": frozenset({"cached_property", "singledispatchmethod"}),
    "ipaddress": frozenset(
        {"IPv4Address", "IPv4Interface", "IPv4Network", "IPv6Address", "IPv6Interface", "IPv6Network"}
    ),
    "logging": frozenset({"Logger", "RootLogger"}),
    "operator": frozenset({"attrgetter", "itemgetter", "methodcaller"}),
    "pathlib": frozenset({"Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath"}),
    "re": frozenset({"Match", "Pattern"}),
    "struct": frozenset({"Struct"}),
    "uuid": frozenset({"UUID"}),
    "zoneinfo": frozenset({"ZoneInfo"}),
    "contextvars": frozenset({"ContextVar"}),
    "weakref": frozenset({"ReferenceType"}),
    # Not immutable, but made for every thread.
    "owned._core": frozenset({"Channel", "AtomicInt", "AtomicRef", "Once", "Lazy"}),
}

_LIVE: Final[dict[str, frozenset[str]]] = {
    "threading": frozenset({"Thread", "Condition", "Event", "Semaphore", "Barrier", "local"}),
    "queue": frozenset({"Queue", "SimpleQueue"}),
    "concurrent.futures": frozenset({"Executor", "Future"}),
    "multiprocessing.process": frozenset({"BaseProcess"}),
    "asyncio": frozenset({"AbstractEventLoop", "Future", "Queue"}),
    "socket": frozenset({"socket"}),
    "io": frozenset({"IOBase"}),
}

_CODE: Final[frozenset[type]] = frozenset(
    {
        slice,
        type(NotImplemented),
        object,
        property,
        classmethod,
        staticmethod,
        types.FunctionType,
        types.BuiltinFunctionType,
        types.CodeType,
        types.MethodDescriptorType,
        types.ClassMethodDescriptorType,
        types.WrapperDescriptorType,
        types.GetSetDescriptorType,
        types.MemberDescriptorType,
        types.GenericAlias,
        types.UnionType,
    }
)

# Layouts of C whose values never change: a Python subclass adds at most a __dict__.
VALUE_LAYOUTS: Final[tuple[type, ...]] = (int, float, complex, str, bytes)

# What the core knows by itself and never asks for a plan for.
_ATOMIC: Final[frozenset[type]] = frozenset({type(None), type(...), bool, range})

# From 3.13 on object.__setattr__ goes around a type's own tp_setattro, see csrc/frozen_type.c.
_STOP_BY_NAME: Final = sys.version_info >= (3, 13)

_IMMUTABLE_TYPE: Final = 1 << 8
_HEAP_TYPE: Final = 1 << 9


def _named(cls: type, table: dict[str, frozenset[str]], *, exactly: bool) -> bool:
    """Is the class, or a base of it unless ``exactly``, one that the table names?"""
    for module_name, names in table.items():
        module = sys.modules.get(module_name)
        if module is None:
            continue
        for name in names:
            known = getattr(module, name, None)
            if isinstance(known, type) and (known is cls or (not exactly and known in type.mro(cls))):
                return True
    return False


# ---- what users say ----------------------------------------------------------------------------------------------

_lock = threading.RLock()
_registered: dict[type, Callable[[Any], object] | None] = {}
_never_types: list[weakref.ref[type]] = []

never_frozen: dict[int, weakref.ref[Any]] = {}


def is_never_frozen(obj: object) -> bool:
    """Was ``never_freeze`` told of this very object? Called by the core."""
    mark = never_frozen.get(id(obj))
    return mark is not None and mark() is obj


def never_freeze(obj: _T, /) -> _T:
    """Mark an object: a ``freeze`` that reaches it fails at once and names the path to it.

    Args:
        obj: the object, or a class, which stands for all its instances and those of its subclasses. So it is also a
            class decorator.

    Returns:
        ``obj`` itself.

    Raises:
        TypeError: ``obj`` is an instance that cannot be weakly referenced. Mark its class.
        FreezeError: ``obj`` is frozen already.

    Threads:
        Any thread. Not undone by anything.
    """
    from owned import _core, errors

    if isinstance(obj, type):
        with _lock:
            _never_types.append(weakref.ref(obj))
            _plans.clear()
        return obj
    if _core.is_frozen(obj):
        raise errors.FreezeError(f"this {type(obj).__name__} is frozen already")
    never_frozen[id(obj)] = _mark(obj)
    return obj


def _mark(obj: object) -> weakref.ref[Any]:
    address = id(obj)

    def forget(mark: weakref.ref[Any]) -> None:
        if never_frozen.get(address) is mark:
            del never_frozen[address]

    try:
        return weakref.ref(obj, forget)
    except TypeError:
        raise TypeError(
            f"`obj` must be an object that can be weakly referenced, or a class, got {type(obj).__name__}: mark the "
            "class of the object that holds it"
        ) from None


forget_types: Final[list[Callable[[], None]]] = []
"""Called when something new was said of a type: for those who keep what `needs_no_guard` answered."""


def register(cls: type, how: str, /) -> None:
    """Tell owned that instances of a type need no guard and pass a freeze as they are.

    Args:
        cls: the type; its subclasses go along.
        how: ``"immutable"``: they cannot change. ``"synchronized"``: they can, and any number of threads may use one
            at once, as a queue or a connection pool.

    Raises:
        TypeError: ``cls`` is no class.
        ValueError: ``how`` is something else.

    Threads:
        Any thread; ``freeze`` calls that run already may not see it.
    """
    if how not in ("immutable", "synchronized"):
        raise ValueError(f"`how` must be 'immutable' or 'synchronized', got {how!r}")
    _register(cls, None)


def _register(cls: type, how: Callable[[Any], object] | None) -> None:
    if not isinstance(cls, type):
        raise TypeError(f"`cls` must be a class, got {type(cls).__name__}")
    with _lock:
        _registered[cls] = how
        _plans.clear()
    for forget in forget_types:
        forget()


# ---- plans -------------------------------------------------------------------------------------------------------

# id(type) -> (the type, weakly; its plan, or its frozen class weakly, which holds the plan)
_plans: dict[int, tuple[weakref.ref[type], weakref.ref[type] | FreezePlan]] = {}


def plan_for(cls: type) -> FreezePlan:
    """What freeze makes of the instances of a type. Called by the core."""
    known = _known_plan(cls)
    if known is not None:
        return known
    with _lock:
        known = _known_plan(cls)
        if known is None:
            known = _make_plan(cls)
            _remember_plan(cls, known)
    return known


def _known_plan(cls: type) -> FreezePlan | None:
    entry = _plans.get(id(cls))
    if entry is None or entry[0]() is not cls:
        return None
    plan = entry[1]
    if isinstance(plan, weakref.ref):
        frozen = plan()
        return None if frozen is None else type.__getattribute__(frozen, "__freeze_plan__")
    return plan


def _remember_plan(cls: type, plan: FreezePlan) -> None:
    address = id(cls)
    frozen = plan.frozen
    _plans[address] = (
        weakref.ref(cls, lambda _: _plans.pop(address, None)),
        plan if frozen is None else weakref.ref(frozen),
    )


# Handlers are in small functions here: one that is far into a long function makes CPython up to 3.13 loop for ever
# where there is no memory for its place.


def _make_plan(cls: type) -> FreezePlan:
    from owned import _core

    mro = type.mro(cls)
    never = {base for base in (mark() for mark in _never_types) if base is not None}
    for base in mro:
        if base in never:
            return _refusal(f"{with_article(cls.__name__)} was marked with never_freeze()")
    for base in mro:
        if base in _registered:
            how = _registered[base]
            return _core.FreezePlan(Kind.PASS) if how is None else _core.FreezePlan(Kind.CONVERT, None, how)
    if cls in _CODE or issubclass(cls, (enum.Enum, types.ModuleType)) or _named(cls, _IMMUTABLE, exactly=True):
        return _core.FreezePlan(Kind.PASS)
    if _named(cls, _LIVE, exactly=False):
        return _refusal(f"{with_article(cls.__name__)} cannot be frozen: it lives from being changed")
    ground, problem = _ground(cls)
    if problem is not None:
        return _refusal(problem)
    if ground in (tuple, frozenset):
        if _has_fields(cls, ground):
            return _refusal(
                f"{with_article(cls.__name__)} cannot be frozen: it is a {ground.__name__} with attributes of its own. "
                f"{_WAY_OUT.format(cls.__name__)}"
            )
        return _core.FreezePlan(Kind.TUPLE if ground is tuple else Kind.FROZENSET)
    if ground in VALUE_LAYOUTS and not _has_fields(cls, ground):
        return _core.FreezePlan(Kind.PASS)
    return _plan_of_instances(cls)


def _plan_of_instances(cls: type) -> FreezePlan:
    from owned import _core, errors

    try:
        return _core.FreezePlan(Kind.INSTANCE, _frozen_class(cls), None, _field_names(cls))
    except errors.FreezeError as error:
        return _refusal(str(error))


def needs_no_guard(cls: type) -> bool:
    """Are instances values, constants or code by their type alone, or was that said with ``register``?"""
    mro = type.mro(cls)
    for base in mro:
        if base in _registered:
            return _registered[base] is None
    if (
        cls in _ATOMIC
        or cls in _CODE
        or any(base is enum.Enum or base is types.ModuleType or base is type for base in mro)
    ):
        return True
    if _named(cls, _IMMUTABLE, exactly=True):
        return True
    ground, problem = _ground(cls)
    return problem is None and ground in VALUE_LAYOUTS and not _has_fields(cls, ground)


_WAY_OUT: Final = "Say how with freeze.register({}, ...), or mark what holds it with never_freeze()"


def _refusal(reason: str) -> FreezePlan:
    from owned import _core

    return _core.FreezePlan(Kind.REFUSE, None, reason)


def _ground(cls: type) -> tuple[type, str | None]:
    """The first base that no class statement made, and why instances cannot be frozen in place, if so."""
    from owned import _core

    base: Any = cls
    while base is not object and base is not _core.Owned:
        if base in VALUE_LAYOUTS or base in (tuple, frozenset):
            return base, None
        if not base.__flags__ & _HEAP_TYPE or base.__flags__ & _IMMUTABLE_TYPE or _core.unexplained_bytes(base) != 0:
            return base, _why_not(cls, base)
        base = base.__base__
    return base, None


def _why_not(cls: type, layout: type) -> str:
    way_out = _WAY_OUT.format(cls.__name__)
    if layout is cls:
        return f"{with_article(cls.__name__)} cannot be frozen. {way_out}"
    name = layout.__name__
    what = f"{with_article(cls.__name__)} cannot be frozen"
    return f"{what}: it is a {name} and can be written through {name}'s own methods. {way_out}"


def _has_fields(cls: type, ground: type) -> bool:
    return cls is not ground and (cls.__dictoffset__ != 0 or cls.__basicsize__ != ground.__basicsize__)


# ---- frozen classes ----------------------------------------------------------------------------------------------


class _FrozenMeta(type):
    """The metaclass of frozen classes: calls make what the class makes."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls.__base__(*args, **kwargs)  # type: ignore[misc]


class _ReorderingMeta(_FrozenMeta):
    """FrozenBase goes before the class in the MRO, though not among the bases."""

    def mro(cls) -> list[type]:
        from owned import _core

        order = super().mro()
        first = [base for base in order[1:] if issubclass(base, _core.FrozenBase)]
        return [order[0], *first, *(base for base in order[1:] if base not in first)]


_metaclasses: weakref.WeakKeyDictionary[type, dict[type, type]] = weakref.WeakKeyDictionary()


def _metaclass_for(metaclass: type, wanted: type[_FrozenMeta]) -> Any:
    if metaclass is type:
        return wanted
    known = _metaclasses.setdefault(metaclass, {})
    if wanted not in known:
        known[wanted] = type.__new__(type(metaclass), metaclass.__name__, (wanted, metaclass), {})
    return known[wanted]


def _has_layout(cls: type) -> bool:
    """Do instances hold more than the header, a ``__dict__`` and weak references?"""
    words = (cls.__dictoffset__ > 0) + (cls.__weakrefoffset__ > 0)
    return cls.__itemsize__ != 0 or cls.__basicsize__ > object.__basicsize__ + words * struct.calcsize("P")


def _frozen_class(cls: type) -> type:
    """``class F(FrozenBase, cls)``, made past its metaclass's and bases' hooks: it is no new class to the program.

    CPython takes for ``F.__base__``, which has to be ``cls``, the first base that has a layout of its own, or the first
    of all if none has: then ``cls`` comes first, and a metaclass with an ``mro`` puts it behind. From 3.14 on the
    interpreter caches and specializes no attribute of a class that has such a metaclass, so that one is for no other.
    """
    from owned import _core

    owned_class = issubclass(cls, _core.Owned)
    namespace: dict[str, Any] = {
        "__slots__": (),
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
    }
    reads = (object.__getattribute__, _core.Owned.__getattribute__)
    if owned_class and vars(defining(cls, "__getattribute__"))["__getattribute__"] in reads:
        namespace["__getattribute__"] = object.__getattribute__
    if defining(cls, "__dir__") is not object:
        namespace["__dir__"] = _dir_as_written
    base = _core.FrozenBase if owned_class else _core.FrozenPlain
    in_order = _has_layout(cls)
    metaclass = _metaclass_for(type(cls), _FrozenMeta if in_order else _ReorderingMeta)
    make: Any = abc.ABCMeta if issubclass(metaclass, abc.ABCMeta) else type
    frozen: type = make.__new__(metaclass, cls.__name__, (base, cls) if in_order else (cls, base), namespace)
    return frozen


def defining(cls: type, name: str) -> type | None:
    for base in type.mro(cls):
        if name in vars(base):
            return base
    return None


def _dir_as_written(self: Any) -> Any:
    return self.__class__.__dir__(self)


def _field_names(cls: type) -> tuple[str, ...]:
    """Names that get a read-only descriptor before any instance shows them.

    Cached properties: on a frozen instance each is computed anew. And where ``object.__setattr__`` has to be stopped
    name by name, the values of the class that an instance could hide.
    """
    names: dict[str, None] = {}
    for base in type.mro(cls)[:-1]:
        for name, value in vars(base).items():
            is_value = _STOP_BY_NAME and not name.startswith("__") and not hasattr(type(value), "__get__")
            if is_value or isinstance(value, functools.cached_property):
                names[name] = None
    return tuple(names) if cls.__dictoffset__ else ()


def dir_frozen(obj: Any) -> list[str]:
    """What ``dir()`` shows of a frozen instance. Called by the core."""
    names = set(dir(obj.__class__))
    names.update(getattr(obj, "__dict__", ()))
    return sorted(names)


def is_frozen(obj: object, /) -> bool:
    """Can nothing change this object, nor anything that it reaches?

    Args:
        obj: any object.

    Returns:
        True for what ``freeze`` would return as it is.

    Threads:
        Any thread. Of an object that is not frozen, only its type is looked at.
    """
    from owned import _core

    return _core.is_frozen(obj)


_HAS_IMMORTALS: bool = sys.version_info >= (3, 12)


class _Freeze:
    """The type of ``freeze``, a function that has ``freeze.register``."""

    def __init__(self) -> None:
        self.__doc__ = type(self).__call__.__doc__

    def __call__(self, obj: _T, /, *, immortal: bool = False) -> _T:
        """Make an object and all that it reaches immutable for ever; every thread may then read it without a lock.

        Instances of Python classes, owned or not, are frozen in place and keep their identity. ``list`` becomes
        ``tuple``, ``dict`` ``frozendict``, ``set`` ``frozenset``, ``bytearray`` ``bytes``, wherever they are held.
        Functions, classes, modules, enum members and loggers pass as they are.

        Args:
            obj: any object that the calling thread may write. A private ``Region``: all that was born in it, or
                nothing; its objects are found through the collector, in time that grows with all objects there are.
            immortal: also take what was frozen out of reference counting and out of the collector's lists, for the
                life of the process (CPython 3.12 and later). Threads that read it do not contend for its counts
                then, and forked workers go on sharing its memory. It is never freed, no ``__del__`` of it runs,
                and what it holds lives on with it.

        Returns:
            The frozen object: ``obj`` itself where it could be frozen in place or was frozen already.

        Raises:
            FreezeError: something that it reaches cannot be frozen: a socket, a lock, a file, a generator, an
                instance of a type that C code could still write; or, of a ``Region``, a container that was born in it
                and no object in it holds. The message gives the path. Nothing has changed.
            NotImplementedError: ``immortal``, and Python is older than 3.12. Nothing has changed.
            TypeError: ``immortal``, and ``obj`` is a ``Region``. Nothing has changed.
            MemoryError: there is too little memory. Nothing has changed; if ``immortal``, all may be frozen, and is
                counted.
            OwnershipError: ``obj`` is a ``Region`` that is shared. Nothing has changed.
            RuntimeError: ``obj`` is a ``Region`` whose block is open. Nothing has changed.
            WrongThreadError, LockNotHeldError, MovedError, OrphanedError: something that it reaches is not the
                calling thread's to write. Nothing has changed.

        Threads:
            Called by the thread that owns ``obj``, or that holds its lock. Not checked: what other threads do
            meanwhile with plain objects that it reaches. On free-threaded builds what other threads have made stays
            counted, also if ``immortal``.
        """
        from owned import _core

        if not immortal:
            return _core.freeze(obj)  # type: ignore[no-any-return]
        if not _HAS_IMMORTALS:
            raise NotImplementedError("`immortal` needs Python 3.12 or later: before, every object is counted")
        if isinstance(obj, _core.Region):
            raise TypeError(
                "`immortal` is for an object and what it reaches, got a Region: freeze() its objects one by one"
            )
        frozen: _T = _core.freeze(obj)
        _core.immortalize(frozen)
        return frozen

    @staticmethod
    def register(cls: type, how: Callable[[Any], object], /) -> None:
        """Say what freeze makes of the instances of a type.

        Args:
            cls: the type; its subclasses go along.
            how: called with an instance, returns what stands for it in the frozen graph. If that is not of ``cls``
                itself it is frozen in turn, so that ``freeze.register(defaultdict, dict)`` makes a frozendict of a
                ``defaultdict``.

        Raises:
            TypeError: ``cls`` is no class, or ``how`` cannot be called.

        Threads:
            Any thread; ``freeze`` calls that run already may not see it.
        """
        if not callable(how):
            raise TypeError(f"`how` must be callable, got {type(how).__name__}")
        _register(cls, how)

    def __repr__(self) -> str:
        """As a function shows itself."""
        return "<function owned.freeze>"


freeze: Final = _Freeze()


def _register_known_conversions() -> None:
    import collections

    _register(collections.deque, tuple)
    _register(collections.OrderedDict, dict)
    _register(types.MappingProxyType, dict)


_register_known_conversions()
