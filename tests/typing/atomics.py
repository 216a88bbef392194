"""What type checkers make of what saves a lock. Checked by mypy, run by tests/meta/test_typing.py."""

from typing import assert_type

import owned

hits = owned.Counter()
assert_type(hits, owned.AtomicInt)
hits += 1
assert_type(hits, owned.AtomicInt)
assert_type(hits.add(2), int)
assert_type(hits.fetch_max(7), int)
assert_type(hits.value, int)
assert_type(hits.compare_and_set(3, 4), bool)
assert_type(hits < 5, bool)
hits.value = 3
try:
    hits.set(1.5)  # type: ignore[arg-type]
    hits + 1  # type: ignore[operator]
except TypeError:
    pass

names = owned.AtomicRef(("a", "b"))
assert_type(names, owned.AtomicRef[tuple[str, str]])
assert_type(names.get(), tuple[str, str])
assert_type(names.swap(("c", "d")), tuple[str, str])
assert_type(names.update(lambda pair: (pair[1], pair[0])), tuple[str, str])
assert_type(names.compare_and_set(None, ("e", "f")), bool)
letter: owned.AtomicRef[str | None] = owned.AtomicRef()
letter.set("x")
assert_type(letter.get(), str | None)


def connect(host: str, port: int) -> tuple[str, int]:
    """What is to be done once."""
    return host, port


once = owned.Once()
assert_type(once.call(connect, "here", 80, timeout=1.5), tuple[str, int])
assert_type(once.done, bool)


def misuse() -> None:
    """Not called."""
    once.call(connect, "here")  # type: ignore[arg-type]
    owned.Lazy(connect)  # type: ignore[arg-type]


@owned.Lazy
def settings() -> tuple[int, ...]:
    """A lazy value."""
    return (1, 2)


assert_type(settings, owned.Lazy[tuple[int, ...]])
assert_type(settings(), tuple[int, ...])
assert_type(settings(timeout=1), tuple[int, ...])
assert_type(settings.computed, bool)

with owned.Region() as region:
    other = owned.Region()
region.merge(other)
assert_type(owned.freeze(region), owned.Region)
