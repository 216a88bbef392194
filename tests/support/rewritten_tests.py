# SPDX-License-Identifier: MIT
"""``python rewritten_tests.py test.test_x ...`` runs CPython's own tests with them and what they import rewritten.

Everything is told to a detector that does nothing. The tests that failed are printed, by their ids.
"""

from __future__ import annotations

import builtins
import sys
import unittest
from collections.abc import Iterator

from owned._audit import _loader, _rewrite
from recorder import FUNCTIONS, METHODS, PREFIX, Told, hooks

UNRELATED = (
    *("test_field_named_like_builtin", "test_field_named_like_builtin_frozen"),  # wants builtins to be identifiers
    "test_recursion_in_except_handler",  # counts frames to the last one, and the hooks here are written in Python
)


class Deaf(Told):
    """Keeps nothing."""

    def append(self, told: tuple[object, ...], /) -> None:
        """Forget it."""


class Everything(_loader.Selection):
    """All that is written in Python, but for what runs the tests."""

    def has(self, name: str, path: str) -> bool:
        """Anything else."""
        return name.partition(".")[0] not in (*_loader.NEVER, "unittest", "importlib", "recorder")


def _related(tests: unittest.TestSuite | unittest.TestCase) -> Iterator[unittest.TestCase]:
    if isinstance(tests, unittest.TestSuite):
        for test in tests:
            yield from _related(test)
    elif not tests.id().endswith(UNRELATED):
        yield tests


def main(names: list[str]) -> None:
    """Run the tests of these modules."""
    _loader.install()
    _loader.uninstall()
    rewrite = _rewrite.rewrite
    _rewrite.rewrite = lambda tree, *_: rewrite(tree, METHODS, FUNCTIONS)
    sys.dont_write_bytecode = True
    sys.meta_path.insert(0, _loader.Finder(Everything()))
    # Only what the real hooks in C do as well: an access that fails must not show a frame of ours.
    mine = {name: hook for name, hook in hooks(Deaf()).items() if name[len(PREFIX) :] not in ("gi", "si", "p", "b")}
    vars(builtins).update(mine)
    vars(builtins)[PREFIX + "MT"] = True
    suite = unittest.TestSuite(_related(unittest.defaultTestLoader.loadTestsFromNames(names)))
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(suite)
    for test, _ in result.failures + result.errors:
        print("failed:", test.id())
    print("run:", result.testsRun)


if __name__ == "__main__":
    main(sys.argv[1:])
