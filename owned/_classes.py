# SPDX-License-Identifier: MIT
"""``@owned``: making a class guarded, and what a guarded class needs beside the C base.

A class is made anew with the base ``Owned`` (as attrs makes classes anew for slots), then *prepared*: its slots get
checking descriptors, its instances are born with a region. When the first instance is made the class is *finished*:
by then every decorator has had its turn, so ``__repr__`` and ``__del__`` are what they will be.
"""

from __future__ import annotations

import copyreg
import functools
import gc
import os
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar, overload

from owned import _fields, _monitor, _refused, _shared_by, _synchronized

_C = TypeVar("_C", bound=type)

_lock = threading.RLock()
"""Held while a class is prepared and while all are changed over to another mode, so that none is missed."""
if hasattr(os, "register_at_fork"):  # the child must not find it held by a thread it does not have
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)

_SETTER_IS_FAST = sys.version_info >= (3, 13)  # csrc/object.c: it can be a slot of the type
_OFF, _GUARD = 0, 1  # owned_mode in csrc/mode.h; what is above is checked on reading, too

_MADE_BY_TYPE = frozenset({"__dict__", "__weakref__", "__annotations_cache__"})


@overload
def owned(cls: _C, /, *, slots: bool = False, monitor: bool = False) -> _C: ...
@overload
def owned(*, slots: bool = False, monitor: bool = False) -> Callable[[_C], _C]: ...
def owned(cls: Any = None, /, *, slots: bool = False, monitor: bool = False) -> Any:
    """Guard a class: its instances belong to the thread that makes them.

    Touching an instance from another thread raises, until it is shared, frozen or moved. Fields in slots are checked
    one by one and methods run at native speed; with a ``__dict__`` every attribute is checked. A plain list, dict or
    set stored in a field becomes a ``List``, ``Dict`` or ``Set`` of the same region: a copy of what was given.
    Subclasses are guarded too.

    The class is made anew with the base ``Owned``; the one that was given is left as it was. ``__set_name__`` of the
    descriptors in it, and the bases' ``__init_subclass__``, run once more for the new class, except that where one of
    the bases' takes options, which are not known here, none runs again, and what they did to the class is kept. A
    registry that such a hook or a decorator below ``@owned`` filled holds the class as it was: ``class Account(Owned,
    Base, option=...)`` makes no second class.

    Args:
        cls: the class.
        slots: make slots of the fields that are annotated in the class body. One with a default reads as the default
            until it is written. Put ``@owned(slots=True)`` above ``@dataclass`` and ``@attrs.define``.
        monitor: share each instance under a lock of its own as soon as its ``__init__`` has finished, and let every
            public method, property and special method take that lock, as ``@synchronized`` does.

    Returns:
        The guarded class; a class that is guarded already is returned as it is.

    Raises:
        TypeError: ``cls`` is no class, or one that cannot be guarded: an enum, a protocol, a metaclass, a class with
            the layout of a builtin such as ``list`` or ``Exception``, one whose metaclass takes options, or one whose
            instances live on several threads by nature (threads, processes, executors, queues, locks). The message
            says what to do instead.

    Threads:
        Decorate where the class is defined, before instances exist. Not checked: class attributes, which every thread
        shares; on a class with a ``__dict__``, ``object.__getattribute__(x, name)`` and ``object.__setattr__(x, name,
        value)``, and the dict that ``vars(x)`` gave to its owner. docs/limits-classes.md lists them all.
    """
    if cls is None:
        return functools.partial(_owned, slots=slots, monitor=monitor)
    return _owned(cls, slots=slots, monitor=monitor)


def _owned(cls: type, *, slots: bool, monitor: bool) -> type:
    made = _guarded(cls, slots, monitor)
    if monitor:
        _monitor.declare(made)
        if made is cls:  # it may have instances already
            _monitor.prepare(made)
    return made


def _guarded(cls: type, slots: bool, monitor: bool) -> type:
    from owned import _core

    if not isinstance(cls, type):
        raise TypeError(f"`cls` must be a class, got {type(cls).__name__}: use own(obj) to guard an object")
    _core.rely_on_mode()
    if _core.get_mode() == _OFF and not (monitor or _synchronized.needs_lock(cls)):  # off keeps every lock
        return cls
    _refused.refuse(cls)
    if issubclass(cls, _core.Owned) and (not slots or cls is _core.Owned or "__slots__" in vars(cls)):
        return cls
    return _remake(cls, slots)


def _remake(cls: type, slots: bool, anew: Mapping[type, type] = MappingProxyType({})) -> type:
    """The class once more, with the base Owned and perhaps slots; the original is left as it was.

    Of its bases, those in ``anew`` are taken as they were made anew.
    """
    from owned import _core

    _refused.refuse_remaking(cls)
    namespace = {name: value for name, value in vars(cls).items() if name not in _MADE_BY_TYPE}
    namespace["__qualname__"] = cls.__qualname__
    defaults: dict[str, Any] = {}
    if "__slots__" in namespace:
        _take_slots(cls, namespace)
    elif slots:
        fields = _fields.annotated(cls)
        defaults = {name: namespace.pop(name) for name in fields if name in namespace}
        namespace["__slots__"] = (*fields, *(() if _inherits_weakref(cls) else ("__weakref__",)))
    bases = tuple(anew.get(base, base) for base in cls.__bases__)
    if not any(issubclass(base, _core.Owned) for base in bases):
        bases = (*(base for base in bases if base is not object), _core.Owned)
    made = _make_type(cls, bases, namespace)
    for name, default in defaults.items():
        type.__setattr__(made, name, _core.CheckedSlot(vars(made)[name], default))
    _rebind_class_cell(cls, made)
    return made


def _take_slots(cls: type, namespace: dict[str, Any]) -> None:
    """Take the slots' descriptors out of the namespace, and make sure that ``__slots__`` can be gone through again."""
    made = [name for name, value in namespace.items() if _is_own_slot(value, cls)]
    for name in made:
        del namespace[name]
    declared = namespace["__slots__"]
    if not isinstance(declared, str) and iter(declared) is declared:
        namespace["__slots__"] = (*made, *(name for name in ("__dict__", "__weakref__") if name in vars(cls)))


def _is_own_slot(value: object, cls: type) -> bool:
    from owned import _core

    return type(value) in (types.MemberDescriptorType, _core.CheckedSlot) and value.__objclass__ is cls  # type: ignore[attr-defined]


class _Shield:
    """A first base while a class is made anew: keeps the other bases' __init_subclass__ from running again."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        pass


def _make_type(cls: type, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
    metaclass: Any = type(cls)
    reruns = _reruns(cls)
    first_bases = bases if reruns else (_Shield, *bases)
    body = metaclass.__prepare__(cls.__name__, first_bases)
    body.update(namespace)
    made: type = metaclass(cls.__name__, first_bases, body)
    if not reruns:
        type.__setattr__(made, "__bases__", bases)
    prepare(made)
    return made


def _reruns(cls: type) -> bool:
    """May the bases' __init_subclass__ run again? Not where it takes options: what was given for them is not known."""
    for base in cls.__mro__[1:]:
        hook = vars(base).get("__init_subclass__")
        function = getattr(hook, "__func__", None)
        code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
        if code is not None and (code.co_argcount > 1 or code.co_kwonlyargcount):
            return False
    return True


def _inherits_weakref(cls: type) -> bool:
    return any(base.__weakrefoffset__ for base in cls.__bases__)


def _rebind_class_cell(old: type, new: type) -> None:
    """Point the ``__class__`` cell of the class body, which zero-argument super() reads, at the new class."""
    for function in _functions_in(tuple(vars(new).values())):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if name == "__class__" and old in gc.get_referents(cell):
                cell.cell_contents = new
                return


_FAR_ENOUGH = 10_000


def _functions_in(values: tuple[object, ...]) -> Iterator[types.FunctionType]:
    """The functions behind class attributes: in properties, decorators' closures, descriptors of any kind.

    Nearest first, running no code of theirs. It stops after a while: an attribute may hold anything.
    """
    seen: dict[int, object] = {}
    todo = list(values)
    for value in todo:
        if id(value) in seen or issubclass(type(value), (type, types.ModuleType, types.CodeType)):
            continue
        seen[id(value)] = value
        if type(value) is types.FunctionType:
            yield value
            todo += (value.__closure__ or (), value.__defaults__ or (), value.__kwdefaults__ or {}, value.__dict__)
        elif len(todo) < _FAR_ENOUGH:
            todo += gc.get_referents(value)


# ---- what the C core calls -------------------------------------------------------------------------------------------


def init_subclass(cls: type, **options: Any) -> None:
    """``Owned.__init_subclass__``: a subclass of a guarded class is guarded."""
    from owned import _core

    super(_core.Owned, cls).__init_subclass__(**options)  # type: ignore[misc]
    _refused.refuse(cls)
    prepare(cls)


def prepare(cls: type) -> None:
    """Give a subclass of Owned the checks of the present mode and the allocation that sets a region. Idempotent."""
    from owned import _core

    _core.rely_on_mode()
    with _lock:
        _remember(cls)
        _put_owned_last(cls)
        _prepare_hook(cls)
        mode = _core.get_mode()
        _let_write(cls, mode)
        _let_read(cls, mode)


def switch(mode: int) -> None:
    """Change the process over to another mode, every class with it. Called by owned/_modes.py.

    Other threads use the classes meanwhile. Each class passes through states that check at least what the laxer of
    the two modes checks: on the way to less, the setter that checks writes is there before the slots' own descriptors,
    which check nothing, and on the way back it stays until they have gone.
    """
    from owned import _core

    with _lock:
        classes = [cls for cls in (ref() for ref in list(_known.values())) if cls is not None]
        if mode <= _GUARD:
            for cls in classes:
                _let_write(cls, mode)
            _core.set_mode(mode)
            for cls in classes:
                _let_read(cls, mode)
        else:
            for cls in classes:
                _let_read(cls, mode)
            _core.set_mode(mode)
            for cls in classes:
                _let_write(cls, mode)


_known: dict[int, weakref.ref[type]] = {}
"""id(cls) -> each class that was prepared: 3.13t reads ``__subclasses__()`` unlocked while others make classes."""


def _remember(cls: type) -> None:
    address = id(cls)
    if address not in _known:
        _known[address] = weakref.ref(cls, lambda _: _known.pop(address, None))


def _let_write(cls: type, mode: int) -> None:
    """How attributes of instances are written: through Owned's accessors, unless the slots check, or nothing does."""
    from owned import _core

    checks = mode > _OFF and (mode == _GUARD or _SETTER_IS_FAST or cls.__dictoffset__ != 0)
    giver = _core.Owned if checks else object
    writes = [_take(cls, name, giver) for name in ("__setattr__", "__delattr__")]
    _core.set_slots(cls, checks and not any(writes))


def _let_read(cls: type, mode: int) -> None:
    """How they are read: through slots that check, and Owned's accessor where there is a __dict__; or natively."""
    from owned import _core

    for name, value in tuple(vars(cls).items()):
        if type(value) is types.MemberDescriptorType and value.__objclass__ is cls:
            if mode > _GUARD:
                type.__setattr__(cls, name, _core.CheckedSlot(value))
        elif mode <= _GUARD and type(value) is _core.CheckedSlot and value.__objclass__ is cls:
            native = _core.native_slot(value)
            if native is not None:
                type.__setattr__(cls, name, native)
    _take(cls, "__getattribute__", _core.Owned if mode > _GUARD and cls.__dictoffset__ != 0 else object)


def _put_owned_last(cls: type) -> None:
    """Put Owned, which stands for object, behind every plain mixin: their methods count, and their super() finds it."""
    from owned import _core

    if not all(_refused.is_made_in_c(base) for base in _behind_owned(cls)):
        bases = tuple(base for base in cls.__bases__ if base is not _core.Owned)
        type.__setattr__(cls, "__bases__", (*bases, _core.Owned))
        # A mixin's base may still be behind it: its last place is then said as well.
        hidden = tuple(base for base in _behind_owned(cls) if _STANDS_FOR_OBJECT & vars(base).keys())
        if not all(_refused.is_made_in_c(base) for base in hidden):
            type.__setattr__(cls, "__bases__", (*bases, *(b for b in hidden if b is not object), _core.Owned))


_STANDS_FOR_OBJECT = frozenset(
    {"__repr__", "__getattribute__", "__setattr__", "__delattr__", "__getstate__", "__class__"}
)
"""What Owned has of object's, but for the hook, which calls the next one."""


def _behind_owned(cls: type) -> tuple[type, ...]:
    from owned import _core

    return cls.__mro__[cls.__mro__.index(_core.Owned) + 1 :]


def _take(cls: type, name: str, giver: type) -> bool:
    """Let the class have its own or its bases' accessor if there is one, and else ``giver``'s. True if it has its own.

    object's accessors are native, Owned's check. A base that took object's must not hide another base's own.
    """
    from owned import _core

    neutral = (getattr(object, name), getattr(_core.Owned, name))
    found = [vars(base)[name] for base in cls.__mro__ if name in vars(base)]
    own = next((accessor for accessor in found if accessor not in neutral), None)
    wanted = getattr(giver, name) if own is None else own
    if found[0] is not wanted:
        type.__setattr__(cls, name, wanted)
    return own is not None


def _provider(cls: type, name: str) -> type | None:
    """The Python class that an attribute of the class comes from; None where it is the core's or object's."""
    provider = next((base for base in cls.__mro__ if name in vars(base)), None)
    return None if provider in (object, *_guarded_types()) else provider


def _guarded_types() -> tuple[type, ...]:
    from owned import _core

    return (_core.Owned, _core.List, _core.Dict, _core.Set)


def _prepare_hook(cls: type) -> None:
    """See to it that subclasses are guarded even where an __init_subclass__ does not call super()."""
    provider = _provider(cls, "__init_subclass__")
    if provider is None:
        return
    hook = vars(provider)["__init_subclass__"]
    if _is_ours(getattr(hook, "__func__", None)):
        return
    function = hook.__func__ if provider is cls and isinstance(hook, classmethod) else _next_hook(cls)

    @functools.wraps(function)
    def __init_subclass__(subclass: type, **options: Any) -> None:
        function(subclass, **options)
        prepare(subclass)

    type.__setattr__(cls, "__init_subclass__", classmethod(_mark(__init_subclass__)))


def _next_hook(cls: type) -> Callable[..., None]:
    def __init_subclass__(subclass: type, **options: Any) -> None:
        base: Any = super(cls, subclass)
        base.__init_subclass__(**options)

    return __init_subclass__


def _mark(function: Any) -> Any:
    function._owned_made = function.__code__
    return function


def _is_ours(value: object) -> bool:
    """Is it a function that _mark had? A decorator that copied its attributes is not."""
    return isinstance(value, types.FunctionType) and getattr(value, "_owned_made", None) is value.__code__


def finish(cls: type) -> None:
    """Before the first instance: a stub repr for threads that may not look, and finalizers that act as the owner."""
    from owned import _core

    if _monitor.is_monitor(cls):
        _monitor.prepare(cls)
    elif _shared_by.is_declared(cls):
        _shared_by.prepare(cls)
    for name in ("__repr__", "__str__", "__format__"):
        provider = _provider(cls, name)
        if provider is None:
            continue
        method = vars(provider)[name]
        if not issubclass(provider, _guarded_types()):
            type.__setattr__(cls, name, _guarded_text(_next_text(cls, name), method))
        elif not _is_ours(method):
            type.__setattr__(provider, name, _guarded_text(_binding(method), method))
    if _provider(cls, "__del__") is not None:
        _core.set_finalizer(cls)


def _next_text(cls: type, name: str) -> Callable[..., str]:
    def text(self: object, *args: Any) -> str:
        result: str = getattr(super(cls, self), name)(*args)
        return result

    return text


def _binding(method: Any) -> Callable[..., str]:
    if isinstance(method, types.FunctionType):
        return method

    def text(self: object, *args: Any) -> str:
        bind = getattr(type(method), "__get__", None)
        result: str = method(*args) if bind is None else bind(method, self, type(self))(*args)
        return result

    return text


def _guarded_text(function: Callable[..., str], shown: Any) -> Any:
    @functools.wraps(shown)
    def text(self: object, *args: Any) -> str:
        from owned import _core

        return function(self, *args) if _core.may_look(self) else _core.stub(self)

    if hasattr(shown, "__wrapped__"):  # pprint knows a dataclass's __repr__ by this
        text.__wrapped__ = shown.__wrapped__
    return _mark(text)


def get_state(self: Any) -> Any:
    """``Owned.__getstate__``: what ``object.__getstate__`` gives, which refuses a field of C's behind the header."""
    names = copyreg._slotnames(type(self))  # type: ignore[attr-defined]
    slots = {name: getattr(self, name) for name in names if hasattr(self, name)}
    state = getattr(self, "__dict__", None)
    if type(state) is types.MappingProxyType:  # under the read side of an RWLock
        state = dict(state)
    if not slots:
        return state or None
    return (state or None, slots)
