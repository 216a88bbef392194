"""A pool of workers: what a task is given is moved there, what it made comes back with the result.

    python -m owned run docs/examples/recipes/worker_pool.py

The pool is concurrent.futures' own with the checks in: an argument that two threads could change is refused when it is
submitted, with its name, not found as a wrong pixel a week later.
"""

from __future__ import annotations

from concurrent.futures import as_completed

import owned

WORKERS, PICTURES, WIDTH = 4, 24, 200


@owned.owned
class Picture:
    """Grey values in rows."""

    def __init__(self, name: str, pixels: list[int]) -> None:
        self.name = name
        self.pixels = pixels


@owned.owned
class Options:
    """What every task reads."""

    def __init__(self, brighter: int, most: int) -> None:
        self.brighter = brighter
        self.most = most


def brighten(picture: Picture, options: Options) -> Picture:
    """Runs in a worker, which owns the picture until it returns it."""
    if not picture.pixels:
        raise ValueError(f"{picture.name} is empty")
    for place, value in enumerate(picture.pixels):
        picture.pixels[place] = min(value + options.brighter, options.most)
    return picture


def main() -> None:
    options = owned.freeze(Options(brighter=10, most=255))
    bright, failed = 0, 0
    with owned.ThreadPoolExecutor(WORKERS) as pool:
        futures = []
        for number in range(PICTURES):
            picture = Picture(f"picture {number}", [number] * (WIDTH if number % 8 else 0))
            futures.append(pool.submit(brighten, owned.move(picture), options))
        for future in as_completed(futures):
            try:
                picture = future.result()  # this thread's from now on
            except ValueError:
                failed += 1
            else:
                bright += sum(picture.pixels) // WIDTH
                picture.pixels.clear()
    expected = sum(number + 10 for number in range(PICTURES) if number % 8)
    print(f"{bright} of {expected} bright, {failed} failed")


if __name__ == "__main__":
    main()
