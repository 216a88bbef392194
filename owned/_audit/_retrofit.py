# SPDX-License-Identifier: MIT
"""Having modules tell what they read and write that were imported already, as much of the standard library is.

To execute such a module again would make its classes a second time. Instead, each of its functions gets the code that
rewriting the module gives it. What ran at import has run untold, which is as it should be: it ran before the audit.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType


def retrofit(selected: Callable[[str, str], bool], compile_module: Callable[[bytes, str], CodeType]) -> None:
    """Replace the code of all functions of modules that are selected.

    A function that would need a variable more from around it than it has keeps its code: it was made by a function that
    has been called, with variables which nobody can tell apart any more.

    Args:
        selected: Told the name and the source file of a module, is it one of them?
        compile_module: Makes the rewritten code of a module from its source and file name.
    """
    by_namespace: dict[int, dict[tuple[str, int], CodeType]] = {}
    for name, module in list(sys.modules.items()):
        path = _source_file(module)
        if path is not None and selected(name, path):
            code = compile_module(Path(path).read_bytes(), path)
            by_namespace[id(vars(module))] = {(c.co_qualname, c.co_firstlineno): c for c in _inner(code)}
    if not by_namespace:
        return
    for function in gc.get_objects():
        if type(function) is not FunctionType:
            continue
        codes = by_namespace.get(id(function.__globals__))
        old = function.__code__
        new = None if codes is None else codes.get((old.co_qualname, old.co_firstlineno))
        if new is not None and new.co_freevars == old.co_freevars:
            function.__code__ = new.replace(co_filename=old.co_filename)


def _source_file(module: ModuleType) -> str | None:
    spec = getattr(module, "__spec__", None)
    path = getattr(module, "__file__", None)
    return path if spec is not None and isinstance(path, str) and path.endswith(".py") else None


def _inner(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inner(constant)
