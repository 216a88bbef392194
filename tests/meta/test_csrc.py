"""Rules that csrc/ keeps, read off its text."""

import functools
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from checkout import CSRC, ROOT

FILES = sorted([*CSRC.rglob("*.c"), *CSRC.rglob("*.h")])
HEADERS = [file for file in FILES if file.suffix == ".h"]

_COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def _name(file: Path) -> str:
    return file.relative_to(CSRC).as_posix()


@functools.cache
def _code(file: Path) -> str:
    """The file without comments and string literals, line for line."""
    return _COMMENT_OR_STRING.sub(lambda match: "\n" * match[0].count("\n"), file.read_text())


def _hits(pattern: str, text: str) -> list[str]:
    return [f"{number}: {line.strip()}" for number, line in enumerate(text.splitlines(), 1) if re.search(pattern, line)]


def test_code_leaves_comments_out(tmp_path: Path) -> None:
    """The reader these rules stand on sees code, and neither comments nor strings."""
    file = tmp_path / "x.c"
    file.write_text('int a; /* _PyA\n_PyB */ f("_PyC \\" _PyD"); // _PyE\n_PyF();\n')
    assert _hits(r"\b_Py", _code(file)) == ["3: _PyF();"]


def _wrong(files: list[Path], hits: Callable[[Path], object]) -> dict[str, object]:
    """What each file does wrong, of those that do."""
    assert files
    return {_name(file): found for file in files if (found := hits(file))}


def test_spdx() -> None:
    """Each file names its licence near its top."""
    assert _wrong(FILES, lambda file: "SPDX-License-Identifier: MIT" not in file.read_text()[:2500]) == {}


def test_no_private_api() -> None:
    """Only public CPython API is used."""
    assert _wrong(FILES, lambda file: _hits(r"\b_Py[A-Za-z_]|Py_BUILD_CORE|pycore_", _code(file))) == {}


def test_one_file_looks_at_the_version() -> None:
    """PY_VERSION_HEX is read in compat.h and nowhere else."""
    found = _wrong(FILES, lambda file: _hits(r"\bPY_(VERSION_HEX|M[AI][A-Z]+_VERSION)\b", _code(file)))
    assert list(found) == ["compat.h"]


def _lacks_a_guard(header: Path) -> bool:
    guard = f"OWNED_{header.stem.upper()}_H"
    code = _code(header).strip()
    return not (code.startswith(f"#ifndef {guard}\n#define {guard}\n") and code.endswith("#endif"))


def test_header_guard() -> None:
    """A header's guard is named after its file, and is the only one."""
    assert _wrong(HEADERS, _lacks_a_guard) == {}


def test_build_lists_every_file() -> None:
    """Each source and header is in pyproject.toml, so that none is forgotten in the sdist or in a rebuild."""
    extensions = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["ext-modules"]
    sources = sorted(source for extension in extensions for source in extension["sources"])
    headers = {header for extension in extensions for header in extension["depends"]}
    assert sources == sorted(f"csrc/{_name(file)}" for file in FILES if file.suffix == ".c")
    assert headers == {f"csrc/{_name(file)}" for file in HEADERS}


def test_size() -> None:
    """No file outgrows what one person reads whole: about 800 lines."""
    sizes = {_name(file): len(file.read_text().splitlines()) for file in FILES}
    assert {name: size for name, size in sizes.items() if size > 900} == {}
