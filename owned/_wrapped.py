# SPDX-License-Identifier: MIT
"""Methods that wrapt guards: what is no plain function, and what runs in steps.

Imported when it is first needed: wrapt imports asyncio.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any

import wrapt

from owned import _core

__all__ = ["WrappedMethod"]


class WrappedMethod(wrapt.FunctionWrapper):  # type: ignore[type-arg]
    """Anything but a plain function that returns when it is done."""

    def __init__(self, function: Any, kind: int, lock: Any, *, in_steps: bool) -> None:
        gate = _gate(function, kind, lock)
        stepper = _stepper(function) if in_steps else None

        def call(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            first = args[0] if instance is None and args else instance
            if stepper is None:
                return gate(first, wrapped, args, kwargs)
            return stepper(wrapped(*args, **kwargs), functools.partial(gate, first))

        super().__init__(function, call)
        self._self_kind = kind
        self._self_lock = lock

    @property
    def _owned_kind(self) -> int:
        kind: int = self._self_kind
        return kind

    @property
    def _owned_lock(self) -> Any:
        return self._self_lock


def _gate(function: Any, kind: int, lock: Any) -> Callable[..., Any]:
    """A guarded function that calls what it is given, and bears the name of ``function`` in messages."""

    def call(_first: object, resume: Callable[..., Any], args: Any = (), kwargs: Any = _NOTHING) -> Any:
        return resume(*args, **kwargs)

    known = getattr(function, "func", function)  # of a partial method
    call.__qualname__ = str(getattr(known, "__qualname__", type(function).__name__))
    return _core.GuardedMethod(call, kind, lock)


_NOTHING: dict[str, Any] = {}


def _stepper(function: Any) -> type[_Steps] | None:
    """What to make of the result of a function whose code does not run to its end when it is called."""
    known = getattr(function, "__func__", getattr(function, "func", function))
    if inspect.iscoroutinefunction(known):
        return _CoroutineSteps
    if inspect.isasyncgenfunction(known):
        return _AsyncGeneratorSteps
    return _GeneratorSteps if inspect.isgeneratorfunction(known) else None


class _Steps:
    """A coroutine or generator each of whose steps goes through a gate."""

    def __init__(self, inner: Any, gate: Callable[..., Any]) -> None:
        self._inner = inner
        self._gate = gate

    def __getattr__(self, name: str) -> Any:
        if name == "_inner":  # of an instance that has none yet
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __repr__(self) -> str:
        return f"<guarded {self._inner!r}>"

    def send(self, value: Any, /) -> Any:
        """Go on to the next suspension."""
        return self._gate(self._inner.send, (value,))

    def throw(self, *error: Any) -> Any:
        """Go on with an exception."""
        return self._gate(self._inner.throw, error)

    def close(self) -> None:
        """Let it end. What has not begun has nothing to guard."""
        if _has_begun(self._inner):
            self._gate(self._inner.close)
        else:
            self._inner.close()


def _has_begun(inner: Any) -> bool:
    if isinstance(inner, types.GeneratorType):
        return inspect.getgeneratorstate(inner) != inspect.GEN_CREATED
    return not isinstance(inner, types.CoroutineType) or inspect.getcoroutinestate(inner) != inspect.CORO_CREATED


class _GeneratorSteps(_Steps, Generator[Any, Any, Any]):
    pass


class _CoroutineSteps(_Steps, Coroutine[Any, Any, Any]):
    def __await__(self) -> Generator[Any, Any, Any]:
        return _GeneratorSteps(self._inner.__await__(), self._gate)


class _AsyncGeneratorSteps(_Steps, AsyncGenerator[Any, Any]):
    def __anext__(self) -> Any:
        return _CoroutineSteps(self._inner.__anext__(), self._gate)

    def asend(self, value: Any, /) -> Any:
        """Go on to the next value."""
        return _CoroutineSteps(self._inner.asend(value), self._gate)

    def athrow(self, *error: Any) -> Any:
        """Go on with an exception."""
        return _CoroutineSteps(self._inner.athrow(*error), self._gate)

    def aclose(self) -> Any:
        """Let it end."""
        return _CoroutineSteps(self._inner.aclose(), self._gate)


_core.set_wrapped_method(WrappedMethod)
