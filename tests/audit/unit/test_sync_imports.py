# SPDX-License-Identifier: MIT
"""What is told of imports: a module has run before whoever imports it goes on."""

from __future__ import annotations

import pytest

from owned._audit import _sync_imports


@pytest.mark.parametrize(
    ("package", "asked", "level"),
    [
        ("", "shop.stock", 0),
        ("", "shop.stock.Item", 0),
        ("shop", "stock", 1),
        ("shop", "stock.Item", 1),
        ("shop.tools", "stock", 2),
        ("shop.tools.deep", "stock.Item", 3),
    ],
)
def test_whoever_imports_comes_after(orders, together, unseen, package, asked, level):
    """However the statement names the module, or what it takes from it."""

    def first():
        orders.mark("run")
        _sync_imports.loaded("shop.stock")
        unseen.go()

    def second():
        unseen.wait()
        exec("imported(asked, level)", globals_of(package) | {"asked": asked, "level": level})
        orders.mark("imported")

    together(first, second)
    assert orders.between("run", "imported") == "signal"


@pytest.mark.parametrize(
    ("package", "asked", "level"),
    [("", "stock", 0), ("", "shop", 0), ("other", "stock", 1), (None, "stock", 1)],
)
def test_other_modules(orders, together, unseen, package, asked, level):
    """Who imports something else is not ordered by it."""

    def first():
        orders.mark("run")
        _sync_imports.loaded("shop.stock")
        unseen.go()

    def second():
        unseen.wait()
        exec("imported(asked, level)", globals_of(package) | {"asked": asked, "level": level})
        orders.mark("imported")

    together(first, second)
    assert orders.between("run", "imported") is None


def globals_of(package):
    return {"__package__": package, "imported": _sync_imports.imported}
