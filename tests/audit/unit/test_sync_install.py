# SPDX-License-Identifier: MIT
"""Installing and taking back: everything is as it was, and what was there before is found."""

from __future__ import annotations

import logging
import sys
import threading
import types

import pytest

from orders import Orders
from owned._audit import _sync


def everything():
    """Every global of every module, and what the patched classes have."""
    found = {}
    for name, module in list(sys.modules.items()):
        if isinstance(module, types.ModuleType) and not name.startswith(("owned", "wrapt", "test_", "orders")):
            for key, value in list(vars(module).items()):
                found[name, key] = value
                if isinstance(value, type) and name in ("threading", "queue", "concurrent.futures._base"):
                    found.update({(name, key, one): member for one, member in vars(value).items()})
    return found


def test_uninstall_takes_everything_back():
    """After uninstall() every module and class is what it was before install()."""
    _sync.install(detector_module=Orders())  # what is imported is imported now
    _sync.uninstall()
    before = everything()
    _sync.install(detector_module=Orders())
    during = everything()
    _sync.uninstall()
    after = everything()
    changed = {key for key, value in before.items() if during.get(key) is not value}
    assert ("threading", "Lock") in changed
    assert {key for key, value in before.items() if after.get(key) is not value} - changed == set()
    assert {key for key in changed if after.get(key) is not before[key] and key[-1] != "__doc__"} == set()
    assert set(after) - set(before) <= {key for key in after if key[-1].startswith("_abc")}


def test_install_twice(orders):
    """Telling twice is refused, and leaves the first one alone."""
    with pytest.raises(RuntimeError, match="already"):
        _sync.install(detector_module=Orders())
    with threading.Lock():
        orders.mark("in it")
    assert orders.held("in it") == ("Lock",)


def test_uninstall_without_install():
    """Taking back nothing does nothing."""
    _sync.uninstall()


def test_modules_imported_meanwhile():
    """A module that was imported meanwhile, and has the new factory, has the old one afterwards."""
    module = types.ModuleType("imported_meanwhile")
    sys.modules[module.__name__] = module
    try:
        before = threading.Lock
        _sync.install(detector_module=Orders())
        exec("from threading import Lock, RLock", vars(module))
        _sync.uninstall()
        assert module.Lock is before
        assert module.RLock is threading.RLock
    finally:
        del sys.modules[module.__name__]


class Account:
    lock = threading.Lock()

    def __init__(self):
        self.lock_of_mine = threading.RLock()
        self.changed = threading.Condition()


module_lock = threading.Lock()
account = Account()


def test_locks_that_were_there_before():
    """Locks of modules, classes, and instances in modules are told of, and are the real ones again afterwards."""
    this = types.ModuleType("there_before")
    this.module_lock, this.account, this.Account = module_lock, account, Account
    sys.modules["there_before"] = this
    Account.__module__ = "there_before"
    before = (this.module_lock, Account.__dict__["lock"], account.lock_of_mine, account.changed._lock)
    orders = Orders()
    _sync.install(detector_module=orders)
    try:
        for number, lock in enumerate((this.module_lock, Account.lock, account.lock_of_mine, account.changed)):
            with lock:
                orders.mark(f"{number}")
                assert "unlocked" not in repr(before[number])
        assert [orders.held(f"{number}") for number in range(4)] == [("Lock",), ("Lock",), ("RLock",), ("RLock",)]
        with account.changed:
            account.changed.notify()
    finally:
        _sync.uninstall()
        del sys.modules["there_before"]
    assert (this.module_lock, Account.__dict__["lock"], account.lock_of_mine, account.changed._lock) == before
    with account.changed:
        assert not account.changed.wait(0.001)


def test_a_lock_that_is_held_is_left(monkeypatch):
    """Who holds a lock when telling begins gives back that very lock."""
    this = types.ModuleType("held_before")
    this.lock = threading.Lock()
    monkeypatch.setitem(sys.modules, "held_before", this)
    with this.lock:
        real = this.lock
        _sync.install(detector_module=Orders())
        assert this.lock is real
    _sync.uninstall()
    assert not real.locked()


def test_handlers_of_logging():
    """The locks of handlers are told of, those of handlers that were there before as well."""
    handler = logging.StreamHandler()
    orders = Orders()
    _sync.install(detector_module=orders)
    try:
        for name, one in (("old", handler), ("new", logging.StreamHandler())):
            with one.lock:
                orders.mark(name)
    finally:
        _sync.uninstall()
    assert orders.held("old") == orders.held("new") == ("RLock",)
    assert type(handler.lock) is threading._CRLock


def test_locks_of_audited_modules():
    """A module of the standard library that is audited has its own locks told of."""
    import queue

    orders = Orders()
    _sync.install(audited=["queue"], detector_module=orders)
    try:
        q = queue.Queue()
        with q.not_empty:
            orders.mark("in it")
    finally:
        _sync.uninstall()
    assert orders.held("in it") == ("Lock",)
