# SPDX-License-Identifier: MIT
"""No memory, at every step of every verb and constructor: an error or success, never a crash, and nothing half done."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import scenarios

pytestmark = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="free-threaded CPython itself crashes or hangs without memory, at `[1, [2]]`",
)


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
def test_starved(name):
    """Each allocation fails once, alone and with all after it: MemoryError, and what was there before is as it was."""
    pytest.importorskip("_testcapi")
    if name == "new class" and sys.version_info[:2] in ((3, 12), (3, 13)):
        pytest.skip("CPython 3.12 and 3.13 lose a reference to the code of a `def` that there is no memory for")
    here = Path(scenarios.__file__).parent
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(here / "scenarios.py"), "starve", name],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
