"""Counting from many threads: a single number needs no lock, numbers that have to agree do.

    python -m owned run docs/examples/recipes/counter.py

Each Counter is changed in one step, so nothing is lost. The mean is made of two numbers: whoever reads it between the
change of the one and the change of the other is told nonsense. So they are one object, and one lock is taken for
both.
"""

from __future__ import annotations

import owned

THREADS, REQUESTS = 8, 250


@owned.owned(monitor=True)
class Mean:
    """Of all that was added: every method takes the lock of its own by itself."""

    def __init__(self) -> None:
        self.total = 0
        self.count = 0

    def add(self, value: int) -> None:
        self.total += value
        self.count += 1

    def value(self) -> float:
        return self.total / self.count if self.count else 0.0


served = owned.Counter()
failed = owned.Counter()
longest = owned.Counter()
mean = Mean()


def client(first: int) -> None:
    for number in range(first, first + REQUESTS):
        milliseconds = number % 10
        if milliseconds == 9:
            failed.increment()
            continue
        served.increment()
        longest.fetch_max(milliseconds)
        mean.add(milliseconds)


def main() -> None:
    threads = [owned.Thread(target=client, args=(number * REQUESTS,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{served.get()} served, {failed.get()} failed, {served.get() + failed.get()} of {THREADS * REQUESTS}")
    print(f"longest {longest.get()} ms, mean {mean.value()} ms")


if __name__ == "__main__":
    main()
