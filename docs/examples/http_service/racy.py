"""A web service with a cache and statistics that all its request threads touch: the racy version.

    python -m owned run docs/examples/http_service/racy.py

It factors numbers: GET /factors/360 answers {"factors": [2, 2, 2, 3, 3, 5]}. ThreadingHTTPServer gives every
connection a thread of its own, so the cache and the statistics are touched by all of them, and here nobody thought of
that. On a quiet day it works: without the checks, a count gets lost now and then. right.py beside this file is the same
service with a lock.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from client import drive

from owned import freeze, owned


@owned
@dataclass
class Config:
    """Read by every thread, written by none: frozen before the first request."""

    largest: int
    cache_size: int


@owned
class Cache:
    """The factors of the numbers that were asked for last."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.entries: dict[int, tuple[int, ...]] = {}

    def get(self, number: int) -> tuple[int, ...] | None:
        factors = self.entries.pop(number, None)
        if factors is not None:
            self.entries[number] = factors  # the last one is the one used last
        return factors

    def put(self, number: int, factors: tuple[int, ...]) -> None:
        self.entries[number] = factors
        if len(self.entries) > self.size:
            del self.entries[next(iter(self.entries))]


@owned
class Stats:
    """What the service has done so far."""

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self.slowest = 0.0

    def count(self, hit: bool, seconds: float) -> None:
        self.hits += hit
        self.misses += not hit
        self.slowest = max(self.slowest, seconds)


def factorize(number: int) -> tuple[int, ...]:
    """The prime factors of a number."""
    factors = []
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return (*factors, number) if number > 1 else tuple(factors)


class Service(ThreadingHTTPServer):
    """The server: one cache, one set of statistics, no lock."""

    request_queue_size = 64

    def __init__(self, config: Config) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.config = config
        self.cache = Cache(config.cache_size)
        self.stats = Stats()

    def factors(self, number: int) -> tuple[int, ...]:
        if not 0 < number <= self.config.largest:
            raise ValueError(f"a number from 1 to {self.config.largest}, please")
        started = time.perf_counter()
        factors = self.cache.get(number)
        hit = factors is not None
        if factors is None:
            factors = factorize(number)
        self.cache.put(number, factors)
        self.stats.count(hit, time.perf_counter() - started)
        return factors


class Handler(BaseHTTPRequestHandler):
    """One connection, on its own thread."""

    server: Service
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        try:
            what, _, argument = self.path.strip("/").partition("/")
            if what != "factors":
                self.answer(404, {"error": "try /factors/360"})
            else:
                self.answer(200, {"factors": self.server.factors(int(argument))})
        except ValueError as error:
            self.answer(400, {"error": str(error)})
        except Exception:  # one failed request must not end the service: exactly what hides races elsewhere
            self.answer(500, {"error": "internal error"})

    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet about every request."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=8, help="how many at once (%(default)s)")
    parser.add_argument("--requests", type=int, default=250, help="how many each makes (%(default)s)")
    parser.add_argument("--largest", type=int, default=2000, help="largest number to factor (%(default)s)")
    parser.add_argument("--cache-size", type=int, default=500, help="numbers to remember (%(default)s)")
    options = parser.parse_args()

    config = freeze(Config(options.largest, options.cache_size))
    with Service(config) as service:
        Thread(target=service.serve_forever, name="server", daemon=True).start()
        started = time.perf_counter()
        seen = drive(service.server_port, options.clients, options.requests, config.largest)
        seconds = time.perf_counter() - started
        service.shutdown()
        hits, misses, slowest = service.stats.hits, service.stats.misses, service.stats.slowest

    print(f"{seen.right} right answers, {seen.wrong} wrong, {seen.failed} failed, in {seconds:.2f} s")
    print(f"{hits} from the cache, {misses} computed, slowest {slowest * 1000:.2f} ms")
    if seen.right != options.clients * options.requests or hits + misses != seen.right:
        sys.exit("the books do not balance")


if __name__ == "__main__":
    main()
