"""What is in the sdist and in the wheel.

The sdist is built here, without the network. Compiling a wheel takes longer than all other tests of this folder: the
stage ``wheel`` of .ci/run makes it of the sdist, and names it in OWNED_WHEEL.
"""

import os
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import attrs
import pytest
import wrapt

from checkout import CSRC, PACKAGE, ROOT, copy_sources, python

_BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


def _build(hook: str, sources: Path, target: Path) -> Path:
    """Call a hook of the build backend as a front end does: in the source tree, in a process of its own."""
    target.mkdir()
    python("-c", _BUILD, hook, str(target), cwd=sources)
    [made] = target.iterdir()
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of this checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    return _build("build_sdist", copy_sources(folder / "sources"), folder / "dist")


@pytest.fixture
def wheel() -> Path:
    """The wheel that the sdist builds: if the sdist lacks a source or a header, this is where it shows."""
    if "OWNED_WHEEL" not in os.environ:
        pytest.skip("no wheel was built: OWNED_WHEEL does not name one")
    return Path(os.environ["OWNED_WHEEL"])


def _in_sdist(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def _in_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_sdist_has_the_sources(sdist: Path) -> None:
    """Every C source, header, Python module and template of the checkout is in the sdist."""
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in [*CSRC.rglob("*.[ch]"), *PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.css")]
    }
    assert ours <= _in_sdist(sdist)


def test_sdist_has_what_packagers_test_with(sdist: Path) -> None:
    """Tests, docs, licence and changelog are in the sdist, built things are not."""
    names = _in_sdist(sdist)
    assert {"LICENSE", "CHANGELOG.md", "README.md", "tests/conftest.py", "tests/meta/test_packaging.py"} <= names
    assert {"docs/index.md", "docs/conf.py"} <= names
    assert not [name for name in names if name.endswith((".so", ".pyd", ".pyc")) or "_build" in name]


def test_wheel_holds_the_package_only(wheel: Path) -> None:
    """The wheel has the modules, the C modules, their stubs, the typing marker and the pages, nothing beside owned/."""
    names = _in_wheel(wheel)
    compiled = {name for name in names if name.endswith((".so", ".pyd"))}
    assert sorted(PurePosixPath(name).name.partition(".")[0] for name in compiled) == ["_core", "_detector"]
    kept = (path for kind in ("*.py", "*.pyi", "*.html", "*.css") for path in PACKAGE.rglob(kind))
    assert names == compiled | {path.relative_to(ROOT).as_posix() for path in kept} | {"owned/py.typed"}


def test_wheel_metadata(wheel: Path) -> None:
    """The metadata tells licence, oldest Python and the two dependencies; nothing else is required."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    head = metadata.partition("\n\n")[0].splitlines()
    assert "License-Expression: MIT" in head
    assert "Requires-Python: >=3.11" in head
    required = [line for line in head if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert [line.split()[1].partition(">")[0] for line in required] == ["attrs", "wrapt"]


def test_wheel_works_alone(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, the wheel imports and checks, and nothing comes from the checkout."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    dependencies = {str(Path(module.__file__ or "").parents[1]) for module in (attrs, wrapt)}
    done = python(
        "-I",
        "-c",
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import threading, owned, owned._core\n"
        "print(owned.__file__, owned._core.__file__, sep='\\n')\n"
        "numbers = owned.List([1])\n"
        "def touch():\n"
        "    try: numbers.append(2)\n"
        "    except owned.WrongThreadError as error: print(error.state)\n"
        "thread = threading.Thread(target=touch); thread.start(); thread.join()\n",
        str(tmp_path),
        *sorted(dependencies),
        cwd=tmp_path,
    )
    package, core, outcome = done.stdout.splitlines()
    assert Path(package).is_relative_to(tmp_path)
    assert Path(core).is_relative_to(tmp_path)
    assert outcome == "private"
