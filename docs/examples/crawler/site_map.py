"""A website to crawl, in memory: made from a seed, so that everybody crawls the same one."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from owned import freeze, owned

WORDS = [
    "thread",
    "lock",
    "owner",
    "region",
    "queue",
    "worker",
    "freeze",
    "move",
    "share",
    "claim",
    "parcel",
    "private",
    "race",
    "check",
    "error",
    "index",
    "page",
    "link",
    "crawl",
    "fetch",
    "parse",
    "store",
    "count",
    "merge",
    "order",
    "round",
    "first",
    "last",
    "early",
    "late",
    "quick",
    "slow",
    "safe",
    "plain",
    "common",
    "rare",
]


@owned
@dataclass
class Site:
    """Pages by address: each a text and the addresses it links to."""

    pages: dict[str, tuple[str, tuple[str, ...]]]

    def fetch(self, address: str) -> tuple[str, tuple[str, ...]]:
        """A page, after as long as a quick network takes."""
        time.sleep(0.001)
        return self.pages[address]


def make_site(size: int, seed: int) -> Site:
    """A site of `size` pages, all of which can be reached from page 0: frozen, so every thread may read it."""
    dice = random.Random(seed)
    pages = {}
    for number in range(size):
        children = [child for child in (2 * number + 1, 2 * number + 2) if child < size]
        links = [*children, *(dice.randrange(size) for _ in range(3))]
        text = " ".join(dice.choices(WORDS, k=60))
        pages[f"/page/{number}"] = text, tuple(f"/page/{link}" for link in links)
    return freeze(Site(pages))
