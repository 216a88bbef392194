# SPDX-License-Identifier: MIT
"""Importing modules in such a way that they tell what they read and write.

What was made of a source is kept beside its ``.pyc``, under the same name with ``.owned.pyc`` at its end, and used
again if the source is the same to the byte, and the rewriter and the interpreter are. The rules for writing are those
of Python: ``sys.dont_write_bytecode``, ``PYTHONPYCACHEPREFIX``, folders that cannot be written to.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import marshal
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from owned._audit import _effects, _hooks, _retrofit, _rewrite, _sync_imports

SUFFIX: Final = ".owned.pyc"
NEVER: Final = ("owned", "wrapt")
"""What tells cannot be told of."""


def compile_script(source: bytes | str, path: str) -> CodeType:
    """The code of a module that tells what it reads and writes.

    A module that is nested so deeply that only its plain code can be compiled is compiled plainly.

    Args:
        source: Its source.
        path: The file it comes from, as tracebacks are to name it.

    Raises:
        SyntaxError, ValueError: As ``compile`` does.

    Threads:
        Any.
    """
    _hooks.ready()
    plain: Any = compile(source, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    try:
        code: CodeType = compile(_rewrite.rewrite(plain), path, "exec", dont_inherit=True)
    except RecursionError:
        code = compile(source, path, "exec", dont_inherit=True)
    return code


@functools.cache
def maker() -> bytes:
    """What a cached result depends on besides the source."""
    digest = hashlib.blake2b(importlib.util.MAGIC_NUMBER, digest_size=16)
    for name in ("_rewrite.py", "_rewrite_parts.py", "_rewrite_values.py", "_scopes.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    for names in (_effects.METHODS, _effects.FUNCTIONS):
        digest.update(repr(sorted(names)).encode())
    return digest.digest()


class AuditLoader(SourceFileLoader):
    """Loads a module from its source file, rewritten."""

    def get_code(self, fullname: str) -> CodeType:
        """The module's code, from the cache if it is there.

        Raises:
            ImportError: The source cannot be read.
            SyntaxError: It is none.
        """
        path = self.get_filename(fullname)
        source = self.get_data(path)
        key = maker() + hashlib.blake2b(source, digest_size=16).digest()
        cached = self._cache_path(path)
        code = None if cached is None else self._cached(cached, key, path)
        if code is None:
            code = compile_script(source, path)
            if cached is not None and not sys.dont_write_bytecode:
                self.set_data(cached, key + marshal.dumps(code))
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run it, and tell that it has run."""
        try:
            super().exec_module(module)
        finally:
            _sync_imports.loaded(module.__name__)

    @staticmethod
    def _cache_path(path: str) -> str | None:
        try:
            return importlib.util.cache_from_source(path).removesuffix(".pyc") + SUFFIX
        except NotImplementedError:  # there is no tag for caches
            return None

    def _cached(self, cached: str, key: bytes, path: str) -> CodeType | None:
        try:
            data = self.get_data(cached)
        except OSError:
            return None
        if not data.startswith(key):
            return None
        try:
            code = marshal.loads(memoryview(data)[len(key) :])
        except (EOFError, ValueError, TypeError):
            return None
        if not isinstance(code, CodeType) or code.co_filename != path:  # the folder has been moved
            return None
        _hooks.ready()
        return code


class Selection:
    """Which modules are rewritten.

    Args:
        include: Packages and modules, with all below them; none: everything outside of the standard library and of
            where packages are installed.
        stdlib: Modules of the standard library besides.
    """

    def __init__(self, include: Iterable[str] = (), stdlib: Iterable[str] = ()) -> None:
        self._include = tuple(include)
        self._stdlib = tuple(stdlib)
        paths = sysconfig.get_paths()
        folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        folders |= {*site.getsitepackages(), site.getusersitepackages()}
        self._installed = tuple(os.path.join(os.path.realpath(folder), "") for folder in folders)

    def has(self, name: str, path: str) -> bool:
        """Is the module one of them?

        Args:
            name: Its full name.
            path: Its source file.
        """
        if self.names(name):
            return True
        return not _below(name, NEVER) and not self._include and not os.path.realpath(path).startswith(self._installed)

    def names(self, name: str, path: str = "") -> bool:
        """Is the module, or a package around it, named?

        Args:
            name: Its full name.
            path: Its source file, which does not matter.
        """
        return _below(name, (*self._stdlib, *self._include)) and not _below(name, NEVER)


def _below(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


class Finder:
    """Finds modules as everybody else does, and has those that are selected rewritten."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of the module, if it is one that is to be rewritten."""
        for finder in sys.meta_path:
            if isinstance(finder, Finder) or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                loader = spec.loader
                if type(loader) is SourceFileLoader and self.selection.has(name, loader.path):
                    spec.loader = AuditLoader(loader.name, loader.path)
                return spec
        return None


_installed: list[Finder] = []


def install(include: Iterable[str] = (), stdlib: Iterable[str] = ()) -> None:
    """Have modules rewritten that are imported from now on, and functions of those that are named and imported already.

    Args:
        include: See `Selection`.
        stdlib: See `Selection`.
    """
    uninstall()
    _hooks.ready()
    selection = Selection(include, stdlib)
    _retrofit.retrofit(selection.names, compile_script)
    finder = Finder(selection)
    _installed.append(finder)
    sys.meta_path.insert(0, finder)


def uninstall() -> None:
    """Import modules as they are. Those that were rewritten stay so."""
    while _installed:
        finder = _installed.pop()
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
