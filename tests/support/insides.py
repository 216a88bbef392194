# SPDX-License-Identifier: MIT
"""Objects of every capability, to be wrapped by own()."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from typing import Any


class Number:
    """Every numeric special method there is, in-place ones too."""

    def __init__(self, value: int = 3) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return self.value != 0

    def __int__(self) -> int:
        return self.value

    def __float__(self) -> float:
        return float(self.value)

    def __index__(self) -> int:
        return self.value

    def __complex__(self) -> complex:
        return complex(self.value)

    def __round__(self, digits: int | None = None) -> Any:
        return ("round", digits)

    def __floor__(self) -> str:
        return "floor"

    def __ceil__(self) -> str:
        return "ceil"

    def __trunc__(self) -> str:
        return "trunc"


def _add_operators() -> None:
    def forward(name: str) -> Callable[..., Any]:
        def method(self: Number, *args: Any) -> Any:
            return (name, self.value, *(getattr(arg, "value", arg) for arg in args))

        return method

    def in_place(self: Number, other: Any) -> Number:
        self.value += getattr(other, "value", other)
        return self

    for name in (
        *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow"),
        *("lshift", "rshift", "and", "or", "xor"),
    ):
        setattr(Number, f"__{name}__", forward(name))
        setattr(Number, f"__r{name}__", forward("r" + name))
        if name != "divmod":
            setattr(Number, f"__i{name}__", in_place)
    for name in ("neg", "pos", "abs", "invert"):
        setattr(Number, f"__{name}__", forward(name))


_add_operators()


class Everything:
    """A class of Python's with one of each special method that is not about numbers."""

    def __init__(self) -> None:
        self.data: dict[Any, Any] = {"key": [1, 2]}
        self.log: list[str] = []

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, key: Any) -> Any:
        return self.data[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.data[key] = value

    def __delitem__(self, key: Any) -> None:
        del self.data[key]

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[Any]:
        return iter(self.data)

    def __reversed__(self) -> Iterator[Any]:
        return iter(reversed(self.data))

    def __next__(self) -> str:
        return "next"

    def __length_hint__(self) -> int:
        return 7

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return [args, kwargs]

    def __enter__(self) -> Everything:
        self.log.append("enter")
        return self

    def __exit__(self, *exc_info: object) -> bool:
        self.log.append("exit")
        return True

    async def __aenter__(self) -> Everything:
        return self

    async def __aexit__(self, *exc_info: object) -> bool:
        return True

    def __aiter__(self) -> Everything:
        return self

    async def __anext__(self) -> Any:
        if not self.data:
            raise StopAsyncIteration
        return self.data.popitem()[1]

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from ()
        return self.data

    def __get__(self, obj: object, owner: type | None = None) -> Any:
        return ("got", self.log)

    def __set__(self, obj: object, value: object) -> None:
        self.log.append("set")

    def __delete__(self, obj: object) -> None:
        self.log.append("deleted")

    def __set_name__(self, owner: type, name: str) -> None:
        self.log.append(name)

    def __bytes__(self) -> bytes:
        return b"bytes"

    def __fspath__(self) -> str:
        return "/path"

    def __instancecheck__(self, instance: object) -> bool:
        return True

    def __subclasscheck__(self, subclass: type) -> bool:
        return True

    def __format__(self, spec: str) -> str:
        return f"formatted {spec}"

    def __hash__(self) -> int:
        return 5

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Everything)

    def __lt__(self, other: object) -> bool:
        return True

    def get_self(self) -> Everything:
        """The object itself."""
        return self


def generator() -> Generator[list[int], Any, list[str]]:
    """Yields lists, returns one."""
    got = yield [1]
    yield [2] if got is None else got
    return ["end"]


async def coroutine() -> list[int]:
    """Returns a list."""
    return [1]


async def async_generator() -> AsyncGenerator[list[int], None]:
    """Yields a list."""
    yield [1]


def new_coroutine() -> Coroutine[Any, Any, list[int]]:
    """One that no warning comes from when it is dropped."""
    made = coroutine()
    with contextlib.suppress(StopIteration):
        made.send(None)
    return made


def closure() -> Callable[[], list[int]]:
    """A function with data of its own."""
    data = [1]
    return lambda: data


SAMPLES: dict[str, Callable[[], Any]] = {
    "object": object,
    "None": lambda: None,
    "int": lambda: 3,
    "str": lambda: "text",
    "bytes": lambda: b"text",
    "bytearray": lambda: bytearray(b"text"),
    "tuple": lambda: (1, [2]),
    "list": lambda: [1, [2]],
    "dict": lambda: {"a": [1]},
    "set": lambda: {1, 2},
    "iterator": lambda: iter([1, 2]),
    "generator": generator,
    "coroutine": new_coroutine,
    "async generator": async_generator,
    "function": closure,
    "class": lambda: type("Made", (), {"data": []}),
    "property": lambda: property(lambda self: 1),
    "method": lambda: [1].append,
    "Python method": lambda: Everything().get_self,
    "slot method": lambda: [1].__len__,
    "number": Number,
    "everything": Everything,
}
