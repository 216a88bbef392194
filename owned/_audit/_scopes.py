# SPDX-License-Identifier: MIT
"""Which variable a name stands for, and which variables threads can disagree about.

The rules are those of ``symtable``, and a test compares them over the standard library. It is not asked itself because
it knows source only: a tree that another rewriter has worked on (pytest's assertions) has none, and a table cannot be
found again from a node but by guessing from names and lines.

Names in annotations and type parameters are not looked at: they are evaluated by nobody, once, or as text.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Final, Literal

Kind = Literal["module", "class", "function", "lambda", "comprehension"]
Position = tuple[int, int]

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
HIDDEN: Final = "@"
"""What begins so is no program's name: ours, and those of pytest."""


class Binding:
    """A place where a variable gets a value, or loses it."""

    __slots__ = ("again", "at", "definition", "imported", "made_here", "number", "outside")

    def __init__(self, at: Position, *, definition: bool = False, again: bool = False, made_here: bool = False) -> None:
        self.at = at
        self.definition = definition
        """Is it a ``def``, ``class`` or ``import``?"""
        self.again = again
        """Does it stand in a loop?"""
        self.made_here = made_here
        """Is it a ``def`` or ``class``?"""
        self.imported: str | None = None
        """The name that it has where it is imported from; empty for a module."""
        self.number = False
        """Is it assigned a number or a string?"""
        self.outside = False
        """Is it in another function than the one that owns the variable?"""


class Scope:
    """A block of code that has variables of its own."""

    __slots__ = ("bindings", "captured", "class_name", "depth", "globals", "kind", "nonlocals", "parent", "told")

    def __init__(self, kind: Kind, parent: Scope | None, class_name: str | None) -> None:
        self.kind: Kind = kind
        self.parent = parent
        self.class_name = class_name
        """The class whose private names are mangled here."""
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.bindings: dict[str, list[Binding]] = {}
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.captured: dict[str, Position] = {}
        """Variables that inner functions use, and where the first of them begins."""
        self.told: frozenset[str] = frozenset()
        """Variables of this module, or of this function, whose accesses are told."""

    @property
    def variable(self) -> str:
        """The name of the hidden variable that stands for one call of this function."""
        return f"{HIDDEN}owned.scope{self.depth}"

    def mangled(self, name: str) -> str:
        """The name that the compiler makes of `name` here."""
        owner = self.class_name
        if owner is None or not name.startswith("__") or name.endswith("__") or "." in name:
            return name
        stripped = owner.lstrip("_")
        return f"_{stripped}{name}" if stripped else name

    def chain(self) -> Iterator[Scope]:
        """This scope, and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def owner(self, name: str) -> Scope | None:
        """The scope whose variable the mangled `name` is here; None if it is a global or a builtin."""
        if name in self.globals:
            return None
        if name in self.bindings and name not in self.nonlocals:
            return None if self.kind == "module" else self
        scope = self.parent
        while scope is not None and scope.kind != "module":
            if scope.kind != "class":
                if name in scope.globals:
                    return None
                if name in scope.bindings and name not in scope.nonlocals:
                    return scope
            scope = scope.parent
        return None

    def holder(self) -> Scope:
        """The scope where ``:=`` binds."""
        scope = self
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        return scope


class Scopes:
    """All scopes of a module.

    Args:
        tree: The module.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.module = Scope("module", None, None)
        self.of: dict[ast.AST, Scope] = {tree: self.module}
        self._uses: list[tuple[str, Scope, Position]] = []
        self._stored: set[str] = set()
        self._collect(tree)
        self._move_outer_bindings()
        self._find_captured()
        for scope in self.of.values():
            if scope.kind == "function":
                scope.told = frozenset(filter(scope.captured.__contains__, _told_closures(scope)))
        self.module.told = frozenset(_told_globals(self.module))
        self.methods = frozenset(self._find_methods())
        """Names of methods of classes in this module, that are not also those of attributes which it stores."""

    def _collect(self, tree: ast.Module) -> None:
        todo: list[tuple[ast.AST, Scope, bool]] = [(tree, self.module, False)]
        while todo:
            node, scope, loop = todo.pop()
            kind = type(node)
            if kind is ast.Name:
                assert isinstance(node, ast.Name)
                name = scope.mangled(node.id)
                if isinstance(node.ctx, ast.Load):
                    self._uses.append((name, scope, (node.lineno, node.col_offset)))
                else:
                    self._bind(scope, name, node, loop)
                continue
            if isinstance(node, FUNCTIONS):
                self._bind(scope, scope.mangled(node.name), node, loop, definition=True)
                inner = self._open(node, "function", scope)
                self._bind_arguments(inner, node.args)
                todo += [(child, scope, loop) for child in outside_function(node)]
                todo += [(child, inner, False) for child in node.body]
            elif isinstance(node, ast.Lambda):
                inner = self._open(node, "lambda", scope)
                self._bind_arguments(inner, node.args)
                todo += [(child, scope, loop) for child in defaults(node.args)]
                todo.append((node.body, inner, False))
            elif isinstance(node, ast.ClassDef):
                self._bind(scope, scope.mangled(node.name), node, loop, definition=True)
                inner = self._open(node, "class", scope, node.name)
                todo += [(child, scope, loop) for child in (*node.decorator_list, *node.bases, *node.keywords)]
                todo += [(child, inner, False) for child in node.body]
            elif isinstance(node, COMPREHENSIONS):
                inner = self._open(node, "comprehension", scope)
                first = node.generators[0]
                todo.append((first.iter, scope, loop))
                parts: list[ast.AST] = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                for generator in node.generators:
                    parts += [generator.target, *generator.ifs]
                    if generator is not first:
                        parts.append(generator.iter)
                todo += [(part, inner, True) for part in parts]
            else:
                self._collect_other(node, scope, loop, todo)

    def _collect_other(self, node: ast.AST, scope: Scope, loop: bool, todo: list[tuple[ast.AST, Scope, bool]]) -> None:
        if isinstance(node, ast.Attribute):
            if not isinstance(node.ctx, ast.Load):
                self._stored.add(scope.mangled(node.attr))
            todo.append((node.value, scope, loop))
        elif isinstance(node, ast.Global):
            scope.globals.update(map(scope.mangled, node.names))
        elif isinstance(node, ast.Nonlocal):
            scope.nonlocals.update(map(scope.mangled, node.names))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias, name in imported_names(node):
                self._bind(scope, scope.mangled(name), node, loop, definition=True)
                binding = scope.bindings[scope.mangled(name)][-1]
                binding.imported = alias.name if isinstance(node, ast.ImportFrom) else ""
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self._bind(scope, scope.mangled(target.id), target, loop)
                    scope.bindings[scope.mangled(target.id)][-1].number = isinstance(
                        node.value.value, (int, float, str)
                    )
                else:
                    todo.append((target, scope, loop))
        elif isinstance(node, ast.NamedExpr):
            self._bind(scope.holder(), scope.mangled(node.target.id), node, loop)
            todo.append((node.value, scope, loop))
        elif isinstance(node, ast.AnnAssign):
            todo.append((node.target, scope, loop))
            if node.value is not None:
                todo.append((node.value, scope, loop))
        elif type(node).__name__ == "TypeAlias":
            self._bind(scope, scope.mangled(node.name.id), node, loop, definition=True)  # type: ignore[attr-defined]
        else:
            for name in pattern_names(node):
                self._bind(scope, scope.mangled(name), node, loop)
            again = loop or isinstance(node, (ast.For, ast.AsyncFor, ast.While))
            todo += [(child, scope, again) for child in ast.iter_child_nodes(node)]

    def _find_methods(self) -> Iterable[str]:
        found: set[str] = set()
        for scope in self.of.values():
            if scope.kind == "class":
                for name, bindings in scope.bindings.items():
                    (found if all(b.made_here for b in bindings) else self._stored).add(name)
        return found - self._stored

    def _open(self, node: ast.AST, kind: Kind, parent: Scope, class_name: str | None = None) -> Scope:
        self.of[node] = scope = Scope(kind, parent, class_name or parent.class_name)
        if kind in ("function", "lambda"):
            position = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
            self._uses.append(("", scope, position))
        return scope

    @staticmethod
    def _bind(scope: Scope, name: str, node: ast.AST, loop: bool, *, definition: bool = False) -> None:
        at = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        here = isinstance(node, (*FUNCTIONS, ast.ClassDef))
        found = scope.bindings.setdefault(name, [])
        found.append(Binding(at, definition=definition, again=loop, made_here=here))

    def _bind_arguments(self, scope: Scope, arguments: ast.arguments) -> None:
        for argument in all_arguments(arguments):
            self._bind(scope, scope.mangled(argument.arg), argument, False)

    def _move_outer_bindings(self) -> None:
        """Let the variables that ``global`` and ``nonlocal`` speak of know what is bound by them."""
        for scope in list(self.of.values()):
            for name in scope.globals | scope.nonlocals:
                if scope is self.module:
                    continue
                owner = self.module if name in scope.globals else scope.owner(name)
                found = scope.bindings.pop(name, [])
                if owner is not None:
                    for binding in found:
                        binding.outside = True
                    if found:
                        owner.bindings.setdefault(name, []).extend(found)

    def _find_captured(self) -> None:
        starts = {scope: at for name, scope, at in self._uses if not name}
        found = [(name, scope) for name, scope, _ in self._uses if name]
        found += [(name, scope) for scope in self.of.values() for name in scope.nonlocals]
        for name, scope in found:
            owner = scope.owner(name)
            if owner is None or owner is scope:
                continue
            at: Position | None = None
            for between in scope.chain():
                if between is owner:
                    break
                at = starts.get(between, at)
            if at is not None:
                owner.captured[name] = min(at, owner.captured.get(name, at))


def _told_globals(module: Scope) -> Iterable[str]:
    """Those that are bound by something other than a definition, or by a function that says ``global``."""
    for name, bindings in module.bindings.items():
        if not name.startswith(HIDDEN) and any(not b.definition or b.outside for b in bindings):
            yield name


def _told_closures(scope: Scope) -> Iterable[str]:
    """Those that are bound by an inner function, more than once, or after a function that uses them was made."""
    for name, bindings in scope.bindings.items():
        first = bindings[0]
        if name in scope.captured and (
            any(b.outside or b.again for b in bindings)
            or len(bindings) > 1
            or (not first.definition and first.at > scope.captured[name])
        ):
            yield name


def all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    """Every parameter."""
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return found + [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]


def defaults(arguments: ast.arguments) -> list[ast.expr]:
    """The default values, in the order in which they are evaluated."""
    return [*arguments.defaults, *(value for value in arguments.kw_defaults if value is not None)]


def outside_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """What of a definition is evaluated around it, without annotations."""
    return [*node.decorator_list, *defaults(node.args)]


def imported_names(node: ast.Import | ast.ImportFrom) -> list[tuple[ast.alias, str]]:
    """The variables that an import binds, as far as it says."""
    return [(alias, alias.asname or alias.name.partition(".")[0]) for alias in node.names if alias.name != "*"]


def pattern_names(node: ast.AST) -> list[str]:
    """The variables that stand as text in this node itself: of ``except ... as`` and of patterns."""
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return [node.name] if node.name is not None else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest is not None else []
    return []
