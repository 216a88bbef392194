# SPDX-License-Identifier: MIT
"""Which modules are rewritten, how they look, and what is kept of them."""

from __future__ import annotations

import builtins
import doctest
import importlib
import importlib.util
import inspect
import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from owned._audit import _loader
from recorder import recording

SOURCE = '''
"""A module.

>>> double(2)
4
"""
from __future__ import annotations
count = 0

def double(n):
    """Twice.

    >>> double(3)
    6
    """
    global count
    count += 1
    return n * 2

class Point:
    def __init__(self, x):
        self.x = x
    def fail(self):
        return self.missing
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is looked in for modules, with those gone afterwards that came from it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    known = set(sys.modules)
    with recording(on=False):
        yield tmp_path
    _loader.uninstall()
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def load(folder: Path, name: str = "audited_module", source: str = SOURCE) -> Any:
    """Write a module and import it, rewritten."""
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    importlib.invalidate_caches()
    if not any(isinstance(finder, _loader.Finder) for finder in sys.meta_path):
        _loader.install()
    sys.modules.pop(name, None)
    return importlib.import_module(name)


def is_rewritten(module: Any) -> bool:
    return "@owned.MT" in module.double.__code__.co_names


def caches(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.owned.pyc"))


def test_rewritten(folder: Path) -> None:
    """A module outside of the standard library and site-packages is rewritten, and works."""
    module = load(folder)
    assert is_rewritten(module) and module.double(2) == 4 and module.count == 1
    assert isinstance(module.__spec__.loader, _loader.AuditLoader)


def test_tools(folder: Path) -> None:
    """inspect, doctest, pickle and tracebacks see the module as it is written."""
    module = load(folder)
    assert inspect.getsource(module.double).startswith("def double(n):")
    assert inspect.getsource(module) == SOURCE and inspect.getdoc(module).startswith("A module.")
    assert doctest.testmod(module) == doctest.TestResults(failed=0, attempted=2)
    assert pickle.loads(pickle.dumps(module.double)) is module.double
    assert pickle.loads(pickle.dumps(module.Point(3))).x == 3
    with pytest.raises(AttributeError) as caught:
        module.Point(1).fail()
    assert caught.traceback[-1].lineno == SOURCE.splitlines().index("        return self.missing")
    assert not [name for name in vars(module) if "@" in name]


def test_cached(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made is used again while the source stays the same, whatever its time."""
    load(folder)
    (cached,) = caches(folder)
    assert cached.parent.name == "__pycache__" and cached.name.startswith(
        f"audited_module.{sys.implementation.cache_tag}"
    )
    monkeypatch.setattr(_loader, "compile_script", None)
    os.utime(folder / "audited_module.py", (1, 1))
    assert is_rewritten(load(folder))
    with pytest.raises(TypeError):
        load(folder, source=SOURCE + "\n")


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None])
def test_damaged_cache(folder: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes | None) -> None:
    """A cache that cannot be read is made anew."""
    load(folder)
    (cached,) = caches(folder)
    cached.write_bytes(cached.read_bytes()[:60] if damage is None else damage)
    assert is_rewritten(load(folder))
    monkeypatch.setattr(_loader, "compile_script", None)
    assert is_rewritten(load(folder))


def test_other_maker(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache of another version of the rewriter is not used."""
    load(folder)
    (cached,) = caches(folder)
    before = cached.read_bytes()
    monkeypatch.setattr(_loader, "maker", lambda: b"another one")
    load(folder)
    assert cached.read_bytes() != before


def test_no_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written where Python may write no bytecode."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert is_rewritten(load(folder)) and caches(folder) == []


def test_cache_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """PYTHONPYCACHEPREFIX says where caches are."""
    prefix = tmp_path_factory.mktemp("prefix")
    monkeypatch.setattr(sys, "pycache_prefix", str(prefix))
    load(folder)
    assert caches(folder) == [] and len(caches(prefix)) == 1


def test_moved(folder: Path) -> None:
    """After the folder was moved, tracebacks name the new one."""
    load(folder)
    moved = folder / "moved"
    moved.mkdir()
    for path in (folder / "audited_module.py", folder / "__pycache__"):
        path.rename(moved / path.name)
    sys.path.insert(0, str(moved))
    try:
        sys.modules.pop("audited_module")
        importlib.invalidate_caches()
        module = importlib.import_module("audited_module")
        assert module.double.__code__.co_filename == str(moved / "audited_module.py")
    finally:
        sys.path.remove(str(moved))


def test_selection() -> None:
    """By default what is neither in the standard library nor installed; else what is named."""
    everything = _loader.Selection()
    installed = str(pytest.__file__)
    assert everything.has("program", "/home/somebody/program.py")
    assert not everything.has("queue", importlib.util.find_spec("queue").origin)  # type: ignore[union-attr,arg-type]
    assert not everything.has("pytest", installed)
    assert not everything.has("owned.aio", "/home/somebody/owned/aio.py")
    some = _loader.Selection(["pytest", "package.part"], ["queue"])
    assert some.has("pytest", installed) and some.has("package.part.inner", "/x.py") and some.has("queue", "/q.py")
    assert not some.has("package", "/x.py") and not some.has("package.parties", "/x.py") and not some.has("p", "/p.py")


def test_packages(folder: Path) -> None:
    """Packages and what is in them are found, namespace packages too, and other finders still asked."""
    for name in ("whole/__init__", "whole/part", "loose/part"):
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("def double(n): return n.a\n", encoding="utf-8")
    importlib.invalidate_caches()
    _loader.install()
    for name in ("whole", "whole.part", "loose.part"):
        assert is_rewritten(importlib.import_module(name))
    assert importlib.util.find_spec("nothing.of.the.sort" if False else "nothing_of_the_sort") is None


def test_uninstall(folder: Path) -> None:
    """Afterwards modules are imported as they are, and those that were rewritten go on working."""
    module = load(folder)
    _loader.uninstall()
    (folder / "later.py").write_text("def double(n): return n.a\n", encoding="utf-8")
    importlib.invalidate_caches()
    assert not is_rewritten(importlib.import_module("later"))
    assert module.double(2) == 4


def test_syntax_error(folder: Path) -> None:
    """A module that is none fails as it always does."""
    with pytest.raises(SyntaxError) as caught:
        load(folder, "wrong", "x = = 1\n")
    assert (caught.value.lineno, caught.value.filename) == (1, str(folder / "wrong.py"))


def test_script() -> None:
    """The script itself is compiled from its bytes, with the encoding that it declares."""
    code = _loader.compile_script("# coding: latin-1\nx = 'é'\n".encode("latin-1"), "s.py")
    space: dict[str, Any] = {}
    exec(code, space)
    assert space["x"] == "é" and code.co_filename == "s.py"
    with pytest.raises(SyntaxError):
        _loader.compile_script(b"(", "s.py")


def test_hooks_stay() -> None:
    """Code that was rewritten runs whether or not anything is told of, also what was loaded from a cache."""
    _loader.compile_script("pass", "s")
    for hook in (
        "r",
        "w",
        "u",
        "gi",
        "si",
        "p",
        "it",
        "g",
        "G",
        "v",
        "V",
        "scope",
        "new",
        "born",
        "b",
        "f",
        "h",
        "m",
        "slice",
    ):
        assert f"@owned.{hook}" in vars(builtins)
    assert vars(builtins)["@owned.MT"] is None


def test_coverage(tmp_path: Path) -> None:
    """Coverage sees the same lines of a rewritten module."""
    pytest.importorskip("coverage")
    (tmp_path / "measured.py").write_text(SOURCE + "\nfor i in range(2):\n    p = Point(double(i))\n    p.x += 1\n")
    script = """
        import coverage, json, sys
        sys.path.insert(0, sys.argv[1])
        if sys.argv[2] == "rewritten":
            from owned._audit import _loader
            _loader.install()
        cover = coverage.Coverage(data_file=None, include=[sys.argv[1] + "/measured.py"])
        cover.start()
        import measured
        cover.stop()
        print(json.dumps(sorted(cover.get_data().lines(measured.__file__))))
    """
    found = [
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script), str(tmp_path), how],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for how in ("plain", "rewritten")
    ]
    assert found[0] == found[1] and found[0]


def test_imported_already() -> None:
    """Functions of a named module that is imported already are rewritten, its classes stay the same."""
    script = """
        import queue, os, collections
        from owned._audit import _loader
        Queue, put = queue.Queue, queue.Queue.put
        _loader.install(stdlib=["queue", "collections", "os"])
        assert queue.Queue is Queue and queue.Queue.put is put
        assert "@owned.MT" in put.__code__.co_names
        assert "@owned.MT" in os.walk.__code__.co_names
        assert "@owned.MT" in collections.Counter.update.__code__.co_names
        q = Queue()
        q.put(3)
        assert q.get() == 3 and collections.Counter("aab").most_common(1) == [("a", 2)]
        assert "@owned.MT" not in __import__("heapq").merge.__code__.co_names
        print("done")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("done\n", "")
