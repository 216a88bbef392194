"""A cache for many threads: each answer is computed once, and everybody gets the same one.

    python -m owned run docs/examples/recipes/cache.py

The table is shared under a lock, which is held only to find or make an entry. An entry is a Lazy: the first thread
that asks computes the answer, outside of the lock, while only those wait who want the same one. Answers are frozen,
so the threads that got them cannot spoil them for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import owned

THREADS, KEYS, SIZE = 8, 12, 16


@owned.owned(slots=True)
class Cache:
    """The newest answers of a function, at most so many.

    With slots, get() may be called without the lock, as it touches no field itself.
    """

    compute: Callable[[Any], Any]
    size: int
    entries: dict[Any, owned.Lazy[Any]]

    def __init__(self, compute: Callable[[Any], Any], size: int) -> None:
        self.compute = compute
        self.size = size
        self.entries = {}

    def get(self, key: Any) -> Any:
        return self._entry(key)()

    @owned.synchronized
    def _entry(self, key: Any) -> owned.Lazy[Any]:
        entry = self.entries.pop(key, None) or owned.Lazy(partial(self.compute, key))
        if len(self.entries) >= self.size:
            del self.entries[next(iter(self.entries))]  # the one that nobody has asked for for the longest time
        self.entries[key] = entry
        return entry


computed = owned.Counter()


def divisors(number: int) -> list[int]:
    """Something that takes a while."""
    computed.increment()
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


def client(cache: Cache) -> int:
    right = 0
    for number in range(1, KEYS + 1):
        answer = cache.get(number)
        right += answer[0] == 1 and answer[-1] == number
    return right


def main() -> None:
    cache = owned.share(Cache(divisors, SIZE))
    with owned.ThreadPoolExecutor(THREADS) as pool:
        answers = [pool.submit(client, cache) for _ in range(THREADS)]
        right = sum(answer.result() for answer in answers)
    print(f"{right} right answers of {THREADS * KEYS}, {computed.get()} of {KEYS} computed once")


if __name__ == "__main__":
    main()
