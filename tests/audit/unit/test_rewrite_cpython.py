# SPDX-License-Identifier: MIT
"""CPython's own tests of the language pass when they, and the standard library with them, are rewritten.

``OWNED_STRESS=1`` runs those as well that take long.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import recorder

QUICK = (
    "augassign", "class", "dictcomps", "except_star", "generators", "global", "grammar", "listcomps",
    "named_expressions", "patma", "scope", "super", "unpack_ex", "with",
)  # fmt: skip
THOROUGH = (
    "compare", "coroutines", "descr", "enum", "exceptions", "fstring", "functools", "genexps", "heapq",
    "keywordonlyarg", "raise", "slice", "textwrap", "traceback", "tstring", "type_aliases", "type_params", "unpack",
)  # fmt: skip
GROUPS = {"quick": QUICK, "thorough": THOROUGH} if "OWNED_STRESS" in os.environ else {"quick": QUICK}


def there(module: str) -> bool:
    """Has this version of CPython such tests, and are they installed?"""
    return importlib.util.find_spec("test") is not None and importlib.util.find_spec(module) is not None


@pytest.mark.usefixtures("interruptible")  # test_generators sends SIGINT
@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_cpython(group: tuple[str, ...]) -> None:
    """Modules of CPython's tests, all in one process: what they import is rewritten once."""
    modules = [name for name in (f"test.test_{module}" for module in group) if there(name)]
    if not modules:
        pytest.skip("not in this installation")
    support = Path(recorder.__file__).parent
    found = subprocess.run(
        [sys.executable, "-W", "ignore", str(support / "rewritten_tests.py"), *modules],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    lines = found.stdout.splitlines()
    assert any(line.startswith("run: ") for line in lines), found.stderr
    assert [line for line in lines if line.startswith("failed:")] == [], found.stderr
