# SPDX-License-Identifier: MIT
"""``@owned``: making a class guarded, and what a guarded class needs beside the C base.

A class is made anew with the base ``Owned`` (as attrs makes classes anew for slots), then *prepared*: its slots get checking
descriptors, its instances are born with a region. When the first instance is made the class is *finished*: by then
every decorator has had its turn, so ``__repr__`` and ``__del__`` are what they will be.
"""

from __future__ import annotations

import copyreg
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, overload

from owned import _refused

_C = TypeVar("_C", bound=type)

_MADE_BY_TYPE = frozenset({"__dict__", "__weakref__", "__annotations_cache__"})


@overload
def owned(cls: _C, /) -> _C: ...
@overload
def owned(*, slots: bool = False) -> Callable[[_C], _C]: ...
def owned(cls: Any = None, /, *, slots: bool = False) -> Any:
    """Guard a class: its instances belong to the thread that makes them.

    Touching an instance from another thread raises, until it is shared, frozen or moved. Fields in slots are checked
    one by one and methods run at native speed; with a ``__dict__`` every attribute is checked. A plain list, dict or set
    stored in a field becomes a ``List``, ``Dict`` or ``Set`` of the same region: a copy of what was given. Subclasses
    are guarded too.

    The class is made anew with the base ``Owned``, so put ``@owned`` above ``@dataclass`` and ``@attrs.define``. What the
    bases' ``__init_subclass__`` did for the class is kept; it runs again for the new class only where it takes no options.

    Args:
        cls: the class.
        slots: make slots of the fields that are annotated in the class body (those without a default).

    Returns:
        The guarded class; a class that is guarded already is returned as it is.

    Raises:
        TypeError: ``cls`` is no class, or one that cannot be guarded: an enum, a protocol, a class with the layout of a
            builtin such as ``list`` or ``Exception``, or one whose instances live on several threads by nature
            (threads, processes, executors, queues, locks). The message says what to do instead.

    Threads:
        Decorate where the class is defined, before instances exist. Not checked: class attributes, which every thread
        shares; ``object.__getattribute__(x, name)`` on a class with a ``__dict__``; and the dict that ``vars(x)`` gave to its
        owner.
    """
    if cls is None:
        return functools.partial(_owned, slots=slots)
    return _owned(cls, slots=slots)


def _owned(cls: type, *, slots: bool) -> type:
    from owned import _core

    if not isinstance(cls, type):
        raise TypeError(f"`cls` must be a class, got {type(cls).__name__}: use own(obj) to guard an object")
    _refused.refuse(cls)
    if issubclass(cls, _core.Owned) and not slots:
        return cls
    return _remake(cls, slots)


def _remake(cls: type, slots: bool) -> type:
    """The class once more, with the base Owned and perhaps slots; the original is left as it was."""
    from owned import _core

    namespace = {name: value for name, value in vars(cls).items() if name not in _MADE_BY_TYPE}
    declared = namespace.get("__slots__")
    if declared is not None:
        for name in (declared,) if isinstance(declared, str) else tuple(declared):
            namespace.pop(_mangled(cls, name), None)
        if "__weakref__" not in declared and cls.__weakrefoffset__ and not _inherits_weakref(cls):
            namespace["__slots__"] = (*declared, "__weakref__")
    elif slots:
        fields = tuple(name for name in vars(cls).get("__annotations__", {}) if name not in namespace)
        namespace["__slots__"] = (*fields, *(() if _inherits_weakref(cls) else ("__weakref__",)))
    bases = cls.__bases__
    if not issubclass(cls, _core.Owned):
        bases = (*(base for base in bases if base is not object), _core.Owned)
    made = _make_type(cls, bases, namespace)
    made.__qualname__ = cls.__qualname__
    _rebind_class_cell(cls, made)
    return made


class _Shield:
    """A first base while a class is made anew: keeps the other bases' __init_subclass__ from running again."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        pass


def _make_type(cls: type, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
    metaclass: Any = type(cls)
    if _reruns(cls):
        made: type = metaclass(cls.__name__, bases, namespace)
    else:
        made = metaclass(cls.__name__, (_Shield, *bases), namespace)
        made.__bases__ = bases
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


def _mangled(cls: type, name: str) -> str:
    if name.startswith("__") and not name.endswith("__"):
        return f"_{cls.__name__.lstrip('_')}{name}"
    return name


def _inherits_weakref(cls: type) -> bool:
    return any(base.__weakrefoffset__ for base in cls.__bases__)


def _rebind_class_cell(old: type, new: type) -> None:
    """Point the ``__class__`` cell of the class body at the new class: what zero-argument super() and ``__class__`` mean."""
    for value in tuple(vars(new).values()):
        for function in _functions_in(value):
            for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                if name == "__class__" and _cell_holds(cell, old):
                    cell.cell_contents = new
                    return


def _cell_holds(cell: types.CellType, value: object) -> bool:
    try:
        return cell.cell_contents is value
    except ValueError:
        return False


def _functions_in(value: object) -> Iterator[types.FunctionType]:
    """The functions behind a class attribute: through properties, decorators' closures and the like."""
    seen: set[int] = set()
    todo = [value]
    while todo:
        value = todo.pop()
        if id(value) in seen or isinstance(value, (type, types.ModuleType)):
            continue
        seen.add(id(value))
        if isinstance(value, types.FunctionType):
            yield value
            todo.extend(_contents(value.__closure__ or ()))
            todo.extend(vars(value).values())
        elif isinstance(value, (staticmethod, classmethod)):
            todo.append(value.__func__)
        elif isinstance(value, property):
            todo.extend(part for part in (value.fget, value.fset, value.fdel) if part is not None)
        elif type(value).__module__ in ("functools", "abc", "wrapt"):
            todo.extend(vars(value).values() if hasattr(value, "__dict__") else ())
            todo.append(getattr(value, "__wrapped__", None))


def _contents(cells: tuple[types.CellType, ...]) -> Iterator[object]:
    for cell in cells:
        try:
            yield cell.cell_contents
        except ValueError:
            continue


# ---- what the C core calls --------------------------------------------------------------------------------------------


def init_subclass(cls: type, **options: Any) -> None:
    """``Owned.__init_subclass__``: a subclass of a guarded class is guarded."""
    from owned import _core

    super(_core.Owned, cls).__init_subclass__(**options)  # type: ignore[arg-type, misc]
    _refused.refuse(cls)
    prepare(cls)


def prepare(cls: type) -> None:
    """Give a subclass of Owned checking slots and the allocation that sets a region. Idempotent."""
    from owned import _core

    fields = vars(cls)
    for name, value in tuple(fields.items()):
        if type(value) is types.MemberDescriptorType:
            type.__setattr__(cls, name, _core.CheckedSlot(value))
    hook = fields.get("__init_subclass__")
    if isinstance(hook, classmethod) and not hasattr(hook.__func__, "_owned_prepares"):
        type.__setattr__(cls, "__init_subclass__", _preparing(hook))
    has_dict = cls.__dictoffset__ != 0
    own = [_take_accessor(cls, name, _core.Owned if has_dict else object) for name in _ACCESSORS]
    _core.set_slots(cls, has_dict and not own[1] and not own[2])


_ACCESSORS = ("__getattribute__", "__setattr__", "__delattr__")


def _take_accessor(cls: type, name: str, giver: type) -> bool:
    """Let the class have an accessor of its own or its bases' if there is one, and else ``giver``'s: object's are native,
    Owned's check. A base that took object's must not hide another base's own. True if it has its own.
    """
    from owned import _core

    neutral = (getattr(object, name), getattr(_core.Owned, name))
    found = [vars(base)[name] for base in cls.__mro__ if name in vars(base)]
    own = next((accessor for accessor in found if accessor not in neutral), None)
    wanted = getattr(giver, name) if own is None else own
    if found[0] is not wanted:
        type.__setattr__(cls, name, wanted)
    return own is not None


def _preparing(hook: classmethod[Any, Any, Any]) -> classmethod[Any, Any, Any]:
    """An __init_subclass__ that need not call super() for its subclasses to be guarded."""
    function = hook.__func__

    @functools.wraps(function)
    def __init_subclass__(cls: type, **options: Any) -> None:
        function(cls, **options)
        prepare(cls)

    __init_subclass__._owned_prepares = True  # type: ignore[attr-defined]
    return classmethod(__init_subclass__)


def finish(cls: type) -> None:
    """Before the first instance: a stub repr for threads that may not look, and finalizers that act as the owner."""
    for name, guard in (("__repr__", _guarded_text), ("__str__", _guarded_text), ("__del__", _guarded_del)):
        function = getattr(cls, name, None)
        if isinstance(function, types.FunctionType) and not hasattr(function, "_owned_guards"):
            guarded = guard(function)
            guarded._owned_guards = True
            type.__setattr__(cls, name, guarded)


def _guarded_text(function: Callable[[Any], str]) -> Any:
    @functools.wraps(function)
    def text(self: object) -> str:
        from owned import _core

        return function(self) if _core.may_look(self) else _core.stub(self)

    return text


def _guarded_del(function: Callable[[Any], None]) -> Any:
    @functools.wraps(function)
    def __del__(self: object) -> None:
        from owned import _core

        _core.take_dying(self)
        function(self)

    return __del__


def get_state(self: Any) -> Any:
    """``Owned.__getstate__``: what ``object.__getstate__`` gives, which refuses a field of C's behind the header."""
    names = copyreg._slotnames(type(self))  # type: ignore[attr-defined]
    slots = {name: getattr(self, name) for name in names if hasattr(self, name)}
    state = getattr(self, "__dict__", None)
    if not slots:
        return state or None
    return (state or None, slots)
