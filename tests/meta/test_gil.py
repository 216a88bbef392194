"""What importing owned does to a free-threaded interpreter: nothing."""

import sys
import sysconfig
from pathlib import Path

import pytest

from checkout import PACKAGE, python

free_threaded = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this build has only the GIL"
)

_IMPORT = f"""
import sys, warnings
warnings.simplefilter("error")
sys.path.insert(0, {str(PACKAGE.parent)!r})
import {{module}}
print(sys._is_gil_enabled())
"""


@free_threaded
@pytest.mark.parametrize("module", ["owned", "owned.__main__", "owned._audit._detector"])
def test_import_keeps_the_gil_off(module: str, tmp_path: Path) -> None:
    """No import of ours turns the GIL back on, or warns that it would."""
    done = python("-c", _IMPORT.format(module=module), cwd=tmp_path, PYTHON_GIL="")
    assert done.stdout.split() == ["False"]


@free_threaded
def test_suite_runs_without_the_gil() -> None:
    """On a free-threaded build this suite itself runs free-threaded, so its thread tests mean something."""
    assert not sys._is_gil_enabled()  # type: ignore[attr-defined, unused-ignore]
