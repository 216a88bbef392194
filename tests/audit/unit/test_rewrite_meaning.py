# SPDX-License-Identifier: MIT
"""Rewritten code does what the plain code does, in the same order, as often, and fails in the same way."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from recorder import recording, rewritten
from snippets import HELPERS, SNIPPETS

MODES = ("quiet", "telling")


def outcome(code: Any, name: str, tmp_path: Path) -> tuple[list[Any], list[str], str, list[str]]:
    """What a program logged, which variables it left, and how it ended, with the lines of its traceback."""
    log: list[Any] = []
    space: dict[str, Any] = {"log": log, "__name__": name}
    exec(HELPERS, space)
    failure, lines = "", []
    try:
        exec(code, space)
    except Exception as error:
        failure = repr(error)
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f"{f.lineno} {f.name}" for f in frames if f.filename == str(tmp_path)]
    return log, sorted(space), failure, lines


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets(name: str, mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every construct: the same log, variables, output and error."""
    path = tmp_path / "snippet.py"
    source = SNIPPETS[name]
    path.write_text(source, encoding="utf-8")
    expected = outcome(compile(source, str(path), "exec", dont_inherit=True), "plain", path)
    printed = capsys.readouterr()
    with recording(mode == "telling"):
        found = outcome(rewritten(source, str(path)), "plain", path)
    assert found == expected
    assert capsys.readouterr() == printed


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "make",
    [
        lambda n: "x = " + " + ".join(["w.a"] * n),
        lambda n: "x = w" + ".me" * n,
        lambda n: "x = " + "not " * n + "w.a",
        lambda n: "x = " + "".join(f"{k} if w.a == -1 else " for k in range(n)) + "7",
        lambda n: (
            "if w.a == -1: x = 0\n" + "".join(f"elif w.a == {k + 2}: x = {k}\n" for k in range(n)) + "else: x = 7"
        ),
        lambda n: "x = w" + "[0]" * n,
        lambda n: "x = w" + "()" * n,
    ],
    ids=["sum", "attributes", "not", "conditional", "elif", "items", "calls"],
)
@pytest.mark.parametrize("depth", [50, 250, 900])
def test_deep(make: Any, depth: int, mode: str) -> None:
    """What is nested as deeply as Python can compile does not fail, and means the same."""
    from owned._audit._loader import compile_script

    class Me:
        a = 1

        def __getitem__(self, key: int) -> Me:
            return self

        def __call__(self) -> Me:
            return self

    w: Any = Me()
    Me.me = w  # type: ignore[attr-defined]
    source = make(depth)
    try:
        plain = compile(source, "deep", "exec", dont_inherit=True)
    except (RecursionError, MemoryError):
        pytest.skip("too deep for this version")
    expected: dict[str, Any] = {"w": w}
    exec(plain, expected)
    limit = sys.getrecursionlimit()
    with recording(mode == "telling"):
        found: dict[str, Any] = {"w": w}
        exec(compile_script(source, "deep"), found)
    assert found["x"] == expected["x"]
    assert sys.getrecursionlimit() == limit


def test_places() -> None:
    """An error in the middle of a line is still marked at its columns."""
    source = "class A: pass\na = A()\na.b = 1\nx = (a.b,\n     a.b + a.missing + 1)\n"
    for on in (False, True):
        with recording(on), pytest.raises(AttributeError) as caught:
            exec(rewritten(source), {})
        frame = traceback.extract_tb(caught.value.__traceback__)[-1]
        assert (frame.lineno, frame.colno, frame.end_colno) == (5, 11, 20)


def test_functions_look_the_same() -> None:
    """Names, arguments, docstrings, constants and line numbers of functions stay as they were."""
    source = SNIPPETS["classes"] + SNIPPETS["closures"]
    plain, changed = compile(source, "s", "exec", dont_inherit=True), rewritten(source, "s")

    def look(code: Any) -> dict[str, Any]:
        found = {}
        for constant in code.co_consts:
            if hasattr(constant, "co_code"):
                key = constant.co_qualname, constant.co_firstlineno
                free = [name for name in constant.co_freevars if not name.startswith("@")]
                document = constant.co_consts[0] if constant.co_consts[:1] and constant.co_flags & 0x4000000 else None
                lines = {line for _, _, line in constant.co_lines() if line}
                arguments = constant.co_varnames[: constant.co_argcount + constant.co_kwonlyargcount]
                found[key] = arguments, free, document, lines, constant.co_flags
                found |= look(constant)
        return found

    assert look(changed) == look(plain)
