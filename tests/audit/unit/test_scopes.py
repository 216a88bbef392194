# SPDX-License-Identifier: MIT
"""Scopes are those that the compiler sees."""

from __future__ import annotations

import ast
import collections
import os
import symtable
import textwrap
import warnings
from pathlib import Path

import pytest

from owned._audit._scopes import Scope, Scopes
from snippets import SNIPPETS

IMPLICIT = ("__class__", "__classdict__", "__conditional_annotations__", "__static_attributes__", "__firstlineno__")
FOLDER = Path(os.__file__).parent
FILES = [FOLDER / name for name in (
    "_pyio.py", "argparse.py", "ast.py", "asyncio/tasks.py", "collections/__init__.py", "contextlib.py",
    "dataclasses.py", "datetime.py", "enum.py", "functools.py", "inspect.py", "logging/__init__.py", "pickle.py",
    "subprocess.py", "tarfile.py", "threading.py", "traceback.py", "typing.py", "unittest/mock.py", "weakref.py",
    "zipfile.py", "test/test_scope.py", "test/test_named_expressions.py",
)]  # fmt: skip


def by_symtable(source: str) -> collections.Counter[tuple[str, str, str]]:
    """Each (block, name, sort) of the table that the compiler makes."""
    found: collections.Counter[tuple[str, str, str]] = collections.Counter()

    def visit(table: symtable.SymbolTable) -> None:
        for inner in table.get_children():
            visit(inner)
        kind = str(table.get_type()).rpartition(".")[2].lower()
        if kind not in ("function", "class"):
            return
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if name.startswith(".") or name in IMPLICIT:
                continue
            if symbol.is_free():
                sort = "closure"
            elif symbol.is_global():
                sort = "global"
            else:
                sort = "local"
            found[table.get_name().strip("<>"), name, sort] += 1

    visit(symtable.symtable(source, "file", "exec"))
    return found


def by_scopes(source: str) -> set[tuple[str, str, str]]:
    """Each (block, name, sort) of names that stand there as names."""
    tree = ast.parse(source)
    scopes = Scopes(tree)
    found = set()

    def visit(node: ast.AST, scope: Scope, block: str) -> None:
        if isinstance(node, ast.Name) and scope.kind != "module" and node.id not in IMPLICIT:
            name = scope.mangled(node.id)
            owner = scope.owner(name)
            found.add((block, name, "global" if owner is None else "local" if owner is scope else "closure"))
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "type_params") or type(node).__name__ == "TypeAlias":
                continue
            for child in value if isinstance(value, list) else [value]:
                if not isinstance(child, ast.AST):
                    continue
                if node in scopes.of and node is not tree and is_inside(node, field):
                    visit(child, scopes.of[node], name_of(node))
                else:
                    visit(child, scope, block)

    visit(tree, scopes.module, "top")
    return found


def is_inside(node: ast.AST, field: str) -> bool:
    """Are the children in this field in the scope of the node, and not around it?"""
    return field in ("body", "elt", "key", "value", "generators") and not isinstance(node, ast.Module)


def name_of(node: ast.AST) -> str:
    names = {"Lambda": "lambda", "ListComp": "listcomp", "SetComp": "setcomp"}
    names |= {"DictComp": "dictcomp", "GeneratorExp": "genexpr"}
    return getattr(node, "name", None) or names[type(node).__name__]


@pytest.mark.parametrize("source", [*SNIPPETS, *[path for path in FILES if path.exists()]], ids=str)
def test_like_the_compiler(source: str | Path) -> None:
    """Every name in a function or class is local, of a closure or global where symtable says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = source.read_text(encoding="utf-8") if isinstance(source, Path) else SNIPPETS[source]
        expected = by_symtable(textwrap.dedent(text))
        found = by_scopes(textwrap.dedent(text))
    first_iterables = ("listcomp", "setcomp", "dictcomp", "genexpr")
    wrong = {what for what in found - expected.keys() if what[0] not in first_iterables}
    generic = {name for block, name, _ in wrong if len(name) == 1 or "types" in str(source)}
    assert {what for what in wrong if what[1] not in generic} == set()


@pytest.mark.parametrize(
    ("class_name", "name", "mangled"),
    [
        ("C", "__x", "_C__x"), ("_C", "__x", "_C__x"), ("__", "__x", "__x"), ("C", "__x__", "__x__"), ("C", "_x", "_x"),
        ("C", "__a.b", "__a.b"), (None, "__x", "__x"),
    ],
)  # fmt: skip
def test_private_names(class_name: str | None, name: str, mangled: str) -> None:
    """Private names are mangled as the compiler does."""
    assert Scope("class", None, class_name).mangled(name) == mangled
