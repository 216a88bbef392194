"""Configuration that everybody reads and hardly anybody changes: a new one takes the place of the old one as a whole.

    python -m owned run docs/examples/recipes/configuration.py

Each configuration is frozen, so reading it needs no lock and costs what reading costs. Whoever asks once and works
with the answer sees one configuration to the end, never the host of one and the port of the next.
"""

from __future__ import annotations

import owned

READERS, REQUESTS, RELOADS = 6, 300, 20


@owned.owned
class Configuration:
    """One of them; it never changes."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.hosts = {"database": f"db-{version}", "queue": f"queue-{version}"}


current = owned.AtomicRef(owned.freeze(Configuration(0)))


def reload() -> None:
    """Read the files again. If that fails, what was there stays there."""
    current.update(lambda before: owned.freeze(Configuration(before.version + 1)))


def reader() -> tuple[int, ...]:
    """Serve requests; the versions that were seen."""
    seen = [0]
    for _ in range(REQUESTS):
        configuration = current.get()  # once for the whole request
        hosts = configuration.hosts
        assert hosts["database"] == f"db-{configuration.version}"
        assert hosts["queue"] == f"queue-{configuration.version}"
        if seen[-1] != configuration.version:
            seen.append(configuration.version)
    return tuple(seen)


def main() -> None:
    with owned.ThreadPoolExecutor(READERS + 1) as pool:
        readers = [pool.submit(reader) for _ in range(READERS)]
        for _ in range(RELOADS):
            reload()
        seen = [answer.result() for answer in readers]
    in_order = sum(versions == tuple(sorted(versions)) for versions in seen)
    print(f"version {current.get().version} of {RELOADS}, {in_order} of {READERS} readers never went back")


if __name__ == "__main__":
    main()
