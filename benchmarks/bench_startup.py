# SPDX-License-Identifier: MIT
"""What it costs to have ``owned``: the start of an interpreter that imports it, its size, and the tour.

Starting and the tour are new processes each time, from starting them to their end, with ``.pyc`` files there; the peer
of an import is the interpreter that imports nothing, and ``owned`` imports ``attrs`` and ``wrapt`` itself. Beside it:
what others take that check or wrap.

The size is that of the files of a distribution that a wheel holds, deflated as in a wheel: not those of tests, headers
or bytecode. Extensions count as they are installed here, and ours also without what is in it for debuggers, where
there is ``strip``.
"""

from __future__ import annotations

import importlib.metadata
import io
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path

import owned
from benchmarks.harness import Case, Time, importable, not_importable

QUESTION = "Import, size and tour"
MODULES = ("attrs", "wrapt", "zope.proxy", "zope.security", "lazy_object_proxy", "persistent")
DISTRIBUTIONS = ("attrs", "wrapt", "zope.proxy", "zope.security", "lazy-object-proxy", "persistent")


def missing() -> list[str]:
    return not_importable(*MODULES)


def processes(*arguments: str) -> Time:
    """Seconds that the interpreter takes from its start to its end."""

    def timed(loops: int) -> float:
        began = time.perf_counter()
        for _ in range(loops):
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    return timed


def deflated(files: Iterable[Path]) -> int:
    """Bytes of a wheel that holds them."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as wheel:
        for file in files:
            wheel.write(file, file.relative_to(file.parents[1]))
    return memory.getbuffer().nbytes


def files_of_owned() -> list[Path]:
    """Those of the package. In a checkout there may be extensions of other interpreters, too."""
    folder = Path(owned.__file__).parent
    here = Path(owned._core.__file__)
    found = [path for path in folder.iterdir() if path.suffix in (".py", ".pyi", ".html") or path.name == "py.typed"]
    return [*found, here]


def stripped() -> int:
    """Bytes of our wheel, if the extension had no symbols for debuggers."""
    *others, extension = files_of_owned()
    with tempfile.TemporaryDirectory() as folder:
        smaller = Path(folder, "owned", extension.name)
        smaller.parent.mkdir()
        subprocess.run(["strip", "--strip-debug", "-o", str(smaller), str(extension)], check=True)
        return deflated([*others, smaller])


def files_of(distribution: str) -> list[Path]:
    """Those of somebody else's distribution."""
    found = []
    for path in importlib.metadata.files(distribution) or ():
        if path.suffix in (".py", ".pyi", ".so", ".pyd", ".zcml") and "tests" not in path.parts:
            found.append(Path(str(path.locate())))
    return found


def _size_of(files: list[Path]) -> Time:
    return lambda loops: deflated(files)


def sizes() -> list[Case]:
    found = [Case("size of the wheel", "owned", lambda loops: deflated(files_of_owned()), "owned", unit="byte")]
    if shutil.which("strip") is not None:
        found.append(Case("size of the wheel", "owned, stripped", lambda loops: stripped(), "owned", unit="byte"))
    for name in DISTRIBUTIONS:
        try:
            files = files_of(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found.append(Case("size of the wheel", name, _size_of(files), "owned", unit="byte", rounds=1))
    return found


def imports() -> list[Case]:
    found = [Case("start and import", "nothing", processes("-c", "pass"), "nothing", rounds=5)]
    for name in ("owned", *MODULES):
        if importable(name) is not None:
            found.append(Case("start and import", name, processes("-c", f"import {name}"), "nothing"))
    return found


def cases() -> list[Case]:
    tour = Case("the tour", "python -m owned tour", processes("-m", "owned", "tour"), "python -m owned tour", rounds=2)
    return [*imports(), *sizes(), tour]
