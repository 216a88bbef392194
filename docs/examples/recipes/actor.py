"""An actor: one thread has the data, everybody else sends messages.

    python -m owned run docs/examples/recipes/actor.py

The ledger never leaves its thread, so it needs no lock, and messages are worked off one after the other. A question
brings the channel for its answer along. That channel is closed in every case, so that nobody waits for an answer that
will never come.
"""

from __future__ import annotations

from typing import NamedTuple

import owned

CLIENTS, TRANSFERS = 6, 40


class Transfer(NamedTuple):
    """A message: nobody can change it, so it goes as it is."""

    source: str
    target: str
    amount: int


@owned.owned
class Ledger:
    """Who has how much."""

    def __init__(self, balances: dict[str, int]) -> None:
        self.balances = balances

    def transfer(self, order: Transfer) -> int:
        if order.amount > self.balances[order.source]:
            raise ValueError(f"{order.source} has less than {order.amount}")
        self.balances[order.source] -= order.amount
        self.balances[order.target] += order.amount
        return self.balances[order.source]


class Bank:
    """What clients see of the actor: a channel. Any thread may call."""

    def __init__(self, **balances: int) -> None:
        self._messages: owned.Channel[tuple[Transfer, owned.Channel[int]]] = owned.Channel(name="bank")
        self._thread = owned.Thread(
            target=self._work, args=(self._messages, owned.freeze(balances)), name="bank", daemon=True
        )
        self._thread.start()

    @staticmethod
    def _work(messages: owned.Channel[tuple[Transfer, owned.Channel[int]]], balances: dict[str, int]) -> Ledger:
        ledger = Ledger(dict(balances))  # made here, so it is this thread's
        for order, answer in messages:
            with answer:
                try:
                    answer.put(ledger.transfer(order))
                except (ValueError, KeyError):
                    pass  # the channel is closed without an answer
        return ledger

    def transfer(self, source: str, target: str, amount: int) -> int | None:
        """What the source has left; None if it was refused."""
        answer: owned.Channel[int] = owned.Channel(1)
        self._messages.put((Transfer(source, target, amount), answer))
        try:
            return answer.get(timeout=60)
        except owned.ChannelClosed:
            return None

    def close(self) -> Ledger:
        """Work off what was sent, and hand the ledger over to the caller."""
        self._messages.close()
        self._thread.join()
        return self._thread.result()


bank = Bank(ada=1000, ben=1000, eve=0)
refused = owned.Counter()


def client(number: int) -> None:
    for turn in range(TRANSFERS):
        source, target = (("ada", "ben"), ("ben", "ada"), ("eve", "ada"))[(number + turn) % 3]
        if bank.transfer(source, target, 1) is None:
            refused.increment()


def main() -> None:
    clients = [owned.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    ledger = bank.close()
    print(f"{sum(ledger.balances.values())} in the ledger, {refused.get()} of {CLIENTS * TRANSFERS} refused")


if __name__ == "__main__":
    main()
