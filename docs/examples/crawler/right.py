"""A crawler in two stages: fetchers follow the links, indexers fill one index of all words.

    python -m owned run docs/examples/crawler/right.py

            addresses                        documents
    frontier ------> fetcher, fetcher, ... ------> indexer, indexer, ... ------> index

Every object has one owner at a time. The site is frozen. What has been seen and the index are shared, each under its
lock. A document belongs to the fetcher that makes it, travels in a parcel, and then belongs to the indexer that claims
it. racy.py beside this file is the same crawler with the last stage done without the lock.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread

from site_map import Site, make_site

from owned import Parcel, locked, move, owned, share


@owned
@dataclass
class Document:
    """A fetched page on its way to the index."""

    address: str
    words: list[str]


@owned
@dataclass
class Seen:
    """The addresses that somebody has fetched or is about to."""

    addresses: set[str] = field(default_factory=set)

    def is_new(self, address: str) -> bool:
        if address in self.addresses:
            return False
        self.addresses.add(address)
        return True


@owned
@dataclass
class Index:
    """Which pages have a word, and how often."""

    documents: int = 0
    postings: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, document: Document) -> None:
        self.documents += 1
        for word, count in Counter(document.words).items():
            self.postings.setdefault(word, {})[document.address] = count

    def search(self, *words: str) -> list[str]:
        """Addresses of the pages that have all the words, the best first."""
        found = set.intersection(*(set(self.postings.get(word, ())) for word in words))
        return sorted(found, key=lambda address: (-sum(self.postings[word][address] for word in words), address))


def fetcher(site: Site, seen: Seen, frontier: Queue[str | None], documents: Queue[Parcel[Document] | None]) -> None:
    while (address := frontier.get()) is not None:
        try:
            text, links = site.fetch(address)
            document = Document(address, text.split())
            documents.put(move(document))  # from here on it is the indexer's
            for link in links:
                with locked(seen):
                    is_new = seen.is_new(link)
                if is_new:
                    frontier.put(link)
        finally:
            frontier.task_done()


def indexer(index: Index, documents: Queue[Parcel[Document] | None], failures: Queue[Exception]) -> None:
    while (parcel := documents.get()) is not None:
        try:
            document = parcel.claim()  # from here on it is mine
            with locked(index):
                index.add(document)
        except Exception as error:  # one bad page must not end the crawl
            failures.put(error)
        finally:
            documents.task_done()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=3000, help="size of the site (%(default)s)")
    parser.add_argument("--fetchers", type=int, default=6, help="threads that fetch (%(default)s)")
    parser.add_argument("--indexers", type=int, default=3, help="threads that index (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which site (%(default)s)")
    options = parser.parse_args()

    site = make_site(options.pages, options.seed)
    seen = share(Seen())
    index = share(Index())
    frontier: Queue[str | None] = Queue()
    documents: Queue[Parcel[Document] | None] = Queue()
    failures: Queue[Exception] = Queue()
    fetchers = [
        Thread(target=fetcher, args=(site, seen, frontier, documents), name=f"fetcher-{n}")
        for n in range(options.fetchers)
    ]
    indexers = [
        Thread(target=indexer, args=(index, documents, failures), name=f"indexer-{n}") for n in range(options.indexers)
    ]

    started = time.perf_counter()
    for thread in (*fetchers, *indexers):
        thread.start()
    with locked(seen):
        seen.is_new("/page/0")
    frontier.put("/page/0")
    frontier.join()  # every address fetched, so every document sent
    documents.join()  # every document indexed
    for _ in fetchers:
        frontier.put(None)
    for _ in indexers:
        documents.put(None)
    for thread in (*fetchers, *indexers):
        thread.join()
    seconds = time.perf_counter() - started

    with locked(index):
        indexed = index.documents
        words = sum(sum(pages.values()) for pages in index.postings.values())
        best = index.search("lock", "owner")[:3]
    print(f"{indexed} pages indexed, {failures.qsize()} failed, {words} words, in {seconds:.2f} s")
    print(f"best for 'lock owner': {', '.join(best)}")
    if indexed != options.pages or words != sum(len(text.split()) for text, links in site.pages.values()):
        sys.exit("something was lost")


if __name__ == "__main__":
    main()
