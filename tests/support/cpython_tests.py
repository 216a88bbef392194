# SPDX-License-Identifier: MIT
"""CPython's own test classes, run on ours."""

from __future__ import annotations

import os
import unittest
from collections.abc import Collection, Mapping
from typing import Any
from unittest import mock

STRESS = "OWNED_STRESS" in os.environ

Patch = tuple[object, str, object]


def run_on_ours(
    base: type[unittest.TestCase],
    patches: Collection[Patch],
    *,
    exceptions: Mapping[str, str] = {},  # never changed
    slow: Collection[str] = (),
    only: Collection[str] = (),
    **attributes: Any,
) -> type[unittest.TestCase]:
    """A subclass of one of CPython's test classes, with ours in place of what it tests.

    Args:
        base: the class.
        patches: what is replaced while each test runs: module, name, ours.
        exceptions: the tests that are not run on ours, with the reason.
        slow: the tests that are run with ``OWNED_STRESS`` set.
        only: the tests that are run, where that is not all.
        **attributes: of the subclass.
    """

    def setUp(self: unittest.TestCase) -> None:
        for target, name, ours in patches:
            patch = mock.patch.object(target, name, ours)
            patch.start()
            self.addCleanup(patch.stop)
        base.setUp(self)

    for name in [name for name in dir(base) if name.startswith("test_")]:
        if only and name not in only:
            attributes[name] = None
        elif name in exceptions:
            attributes[name] = unittest.skip(exceptions[name])(lambda self: None)
        elif name in slow and not STRESS:
            attributes[name] = unittest.skip("slow: run with OWNED_STRESS set")(lambda self: None)
    return type(f"Test{base.__name__}", (base,), {"setUp": setUp, **attributes})
