from threading import Thread

from owned import owned


@owned
class Account:
    def __init__(self, balance: int) -> None:
        self.balance = balance


account = Account(100)  # made by this thread: private to it


def deposit() -> None:
    account.balance += 50


Thread(target=deposit, name="worker").start()
