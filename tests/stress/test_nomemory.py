# SPDX-License-Identifier: MIT
"""No memory, at every step of every verb and constructor: an error or success, never a crash, and nothing half done."""

import sys
import sysconfig

import pytest

import scenarios
from apart import needs_fork, run_apart

pytestmark = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="free-threaded CPython itself crashes or hangs without memory, at `[1, [2]]`",
)


@needs_fork
@pytest.mark.parametrize("name", scenarios.SCENARIOS)
def test_starved(name):
    """Each allocation fails once, alone and with all after it: MemoryError, and what was there before is as it was."""
    pytest.importorskip("_testcapi")
    if name == "new class" and sys.version_info[:2] in ((3, 12), (3, 13)):
        pytest.skip("CPython 3.12 and 3.13 lose a reference to the code of a `def` that there is no memory for")
    status, said = run_apart("starve", name)
    assert status == 0, f"exit status {status}\n{said}"
