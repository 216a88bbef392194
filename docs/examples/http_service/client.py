"""A load for the service: many clients at once, each on a thread and a connection of its own."""

from __future__ import annotations

import json
import math
import random
from http.client import HTTPConnection
from queue import SimpleQueue
from threading import Thread

from owned import Parcel, move, owned


@owned
class Tally:
    """What one client saw: private to its thread while it counts, handed over when it has finished."""

    def __init__(self) -> None:
        self.right = 0
        self.wrong = 0
        self.failed = 0

    def add(self, other: Tally) -> None:
        self.right += other.right
        self.wrong += other.wrong
        self.failed += other.failed


def drive(port: int, clients: int, requests: int, largest: int) -> Tally:
    """Let `clients` clients make `requests` requests each; returns what they saw altogether."""
    outbox: SimpleQueue[Parcel[Tally]] = SimpleQueue()
    threads = [Thread(target=_client, args=(port, seed, requests, largest, outbox)) for seed in range(clients)]
    for thread in threads:
        thread.start()
    total = Tally()
    for _ in threads:
        total.add(outbox.get(timeout=60).claim())
    return total


def _client(port: int, seed: int, requests: int, largest: int, outbox: SimpleQueue[Parcel[Tally]]) -> None:
    tally = Tally()
    numbers = random.Random(seed)
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        for _ in range(requests):
            number = numbers.randint(2, largest)
            connection.request("GET", f"/factors/{number}")
            response = connection.getresponse()
            answer = json.load(response)
            if response.status != 200:
                tally.failed += 1
            elif math.prod(answer["factors"]) == number:
                tally.right += 1
            else:
                tally.wrong += 1
    finally:
        connection.close()
        outbox.put(move(tally))
