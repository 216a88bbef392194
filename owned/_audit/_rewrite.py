# SPDX-License-Identifier: MIT
"""Rewriting a module so that it tells what it reads and writes.

Source is rewritten, not bytecode: five versions of CPython have five instruction sets and one syntax. Every operation
stays what it was, only told of: ``x.a`` becomes ``(r(x, "a") if MT is not None else x).a``, where ``r`` returns ``x``.
So results, errors, specialized instructions and places in the source are CPython's own.

While only one thread has ever run, MT is None and nothing is told, for that thread's accesses come before all that
others do. To ask costs a few nanoseconds. Therefore it is asked once for as much code as possible: for a run of
statements up to the first call, since a call may start a thread. What follows the call asks again. Code that is asked
about as a whole is there twice, plain and telling; never more often, because code that asks inside is not copied.

Three liberties are taken. Operators, attributes, the builtin functions of `HARMLESS_FUNCTIONS` and methods named like
those of `HARMLESS_METHODS` are taken not to start the first thread of a program. Neither is what an iterator does at
each step of a loop whose body makes no call. And what a call of a method, an
in-place operator or an item's store tells of its object is decided before the arguments, the right side or the key are
evaluated: only if one of these starts the first thread, that one access is missed.

What is not told of: annotations, type parameters and type aliases, ``super().x``, code in strings, local variables that
no inner function uses, that a method was looked up which a class in the module defines and nothing in it replaces, and
what operators read of containers, other than in-place ones, ``in``, ``|``, ``&``, ``^``, and ``==`` and ``+`` beside a
container that is made on the spot.
"""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

from owned._audit import _effects
from owned._audit._rewrite_parts import (
    Step,
    Value,
    as_argument,
    block,
    call,
    changed,
    combined,
    hooked,
    joined,
    name,
    placed,
    settled,
    statement,
    text,
    too_late,
)
from owned._audit._rewrite_values import IN_PLACE, WHOLE, Values
from owned._audit._scopes import Scopes, imported_names, pattern_names

FRAMES: Final = 12
"""Python calls that one level of nesting takes here, at most."""

_limit_lock = threading.Lock()


def rewrite(
    tree: ast.Module,
    methods: Collection[str] = _effects.METHODS,
    functions: Collection[str] = _effects.FUNCTIONS,
) -> ast.Module:
    """The module, rewritten. Nodes of the tree are used in it.

    Args:
        tree: The module.
        methods: The names of methods whose calls read or write containers.
        functions: The names of functions that do.

    Raises:
        RecursionError: It is nested too deeply; Python would compile it.
    """
    scopes = Scopes(tree)
    with _limit_lock:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(limit + FRAMES * _depth(tree))
        try:
            return changed(tree, body=_Statements(scopes, methods, functions).block(tree.body))
        finally:
            sys.setrecursionlimit(limit)


def _depth(tree: ast.AST) -> int:
    """How deeply nodes are nested."""
    deepest = 0
    todo = [(tree, 1)]
    while todo:
        node, depth = todo.pop()
        deepest = max(deepest, depth)
        todo += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
    return deepest


class _Statements(Values):
    """Rewrites statements."""

    def __init__(self, scopes: Scopes, methods: Collection[str], functions: Collection[str]) -> None:
        super().__init__(scopes, methods, functions)
        self._statements: dict[type, Callable[[Any], list[Step]]] = {}

    def block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The statements, rewritten."""
        return block(self.steps(body))

    def steps(self, body: Iterable[ast.stmt]) -> list[Step]:
        """The statements, each rewritten, and nothing decided yet."""
        found: list[Step] = []
        for node in body:
            kind = type(node)
            visit = self._statements.get(kind)
            if visit is None:
                visit = self._statements[kind] = getattr(self, f"_{kind.__name__}_steps", self._left)
            found += visit(node)
        return found

    @staticmethod
    def _left(node: ast.stmt) -> list[Step]:
        return [Step([node], flips=True, fixed=True)]

    @staticmethod
    def _quiet(node: ast.stmt) -> list[Step]:
        return [Step([node])]

    _Pass_steps = _Break_steps = _Continue_steps = _quiet

    def _made(
        self,
        parts: Sequence[Value],
        build: Callable[[list[ast.expr]], ast.stmt],
        *,
        tell: Callable[[list[ast.expr]], ast.stmt] | None = None,
        apart: Callable[[list[Value]], list[Value]] | None = None,
    ) -> Step:
        """A statement of parts that are evaluated in this order."""
        value = combined(parts, build, tell=tell, apart=apart)  # type: ignore[arg-type]
        plain: Any = value.plain
        told: Any = value.told
        return Step([plain], [told] if value.pending else None, flips=value.flips, fixed=value.fixed)

    def _steps_after(self, names: Iterable[str], at: ast.AST) -> list[Step]:
        return [step for identifier in names for step in self.written(identifier, at)]

    # ---- simple statements

    def _Expr_steps(self, node: ast.Expr) -> list[Step]:
        return [self._made([self.value(node.value)], lambda parts: changed(node, value=parts[0]))]

    def _Return_steps(self, node: ast.Return) -> list[Step]:
        if node.value is None:
            return [Step([node])]
        return [self._made([self.value(node.value)], lambda parts: changed(node, value=parts[0]))]

    def _fields_steps(self, node: ast.stmt, fields: Sequence[str]) -> list[Step]:
        present = [field for field in fields if getattr(node, field) is not None]
        return [
            self._made(
                [self.value(getattr(node, field)) for field in present],
                lambda parts: changed(node, **dict(zip(present, parts, strict=True))),
            )
        ]

    def _Raise_steps(self, node: ast.Raise) -> list[Step]:
        return self._fields_steps(node, ("exc", "cause"))

    def _Assert_steps(self, node: ast.Assert) -> list[Step]:
        values = [self.truth(node.test)] + ([] if node.msg is None else [self.value(node.msg)])
        return [
            self._made(values, lambda parts: changed(node, test=parts[0], msg=parts[1] if len(parts) > 1 else None))
        ]

    def _Assign_steps(self, node: ast.Assign) -> list[Step]:
        value = self.kept(node.value)
        unpacked = any(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets)
        if unpacked and isinstance(node.value, (*WHOLE, ast.Call)):
            value = hooked(value, lambda inner: call("s", node.value, inner), early=True)
        targets = [self.target(target) for target in node.targets]
        spans = []
        parts = [value]
        for found, build, _ in targets:
            spans.append((build, slice(len(parts), len(parts) + len(found))))
            parts += found
        only = node.targets[0]
        tell = apart = None
        if len(targets) == 1 and isinstance(only, ast.Subscript):
            parts, tell, apart = self._item_assignment(node, only, value, parts)
        step = self._made(
            parts,
            lambda parts: changed(node, value=parts[0], targets=[build(parts[part]) for build, part in spans]),
            tell=tell,
            apart=apart,
        )
        return [step, *(told for _, _, after in targets for told in after)]

    def _item_assignment(
        self, node: ast.Assign, target: ast.Subscript, value: Value, parts: list[Value]
    ) -> tuple[list[Value], Callable[[list[ast.expr]], ast.stmt], Callable[[list[Value]], list[Value]]]:
        """``obj[key] = value``: all three are evaluated, then it is told and done at once."""
        told_apart = parts[1]
        _, make = self.pieces(target.slice)

        def tell(parts: list[ast.expr]) -> ast.stmt:
            done = call("si", target, parts[0], parts[1], as_argument(make(parts[2:])))
            return placed(ast.Expr(done), node)

        def apart(parts: list[Value]) -> list[Value]:
            return [parts[0], told_apart, *parts[2:]]

        return [value, self.value(target.value), *parts[2:]], tell, apart

    def _AnnAssign_steps(self, node: ast.AnnAssign) -> list[Step]:
        if node.value is None:
            return [Step([node], fixed=self.scope.kind != "function")]
        target, build, after = self.target(node.target)
        value = self.kept(node.value)
        if self.scope.kind == "function":
            parts = [value, *target]
            return [self._made(parts, lambda parts: changed(node, value=parts[0], target=build(parts[1:]))), *after]
        # Elsewhere annotations are collected: each must be there once.
        made = changed(node, value=settled(value), target=build(list(map(settled, target))))
        return [Step([made], flips=True, fixed=True), *after]

    def _AugAssign_steps(self, node: ast.AugAssign) -> list[Step]:
        target = node.target
        value = self.value(node.value)
        plain_number = not isinstance(node.op, IN_PLACE) or self.is_number(node.value)
        if isinstance(target, ast.Name):
            read = self._Name(name(target.id, target))
            before = [Step([], [statement(read.told)])] if read.pending else []
            if not plain_number and not self.is_number(target):
                value = hooked(value, lambda inner: call("a", node, inner, name(target.id, target)))
            step = self._made([value], lambda parts: changed(node, value=parts[0]))
            return [*before, step, *self.written(target.id, target)]
        obj = self.value(target.value)
        if isinstance(target, ast.Attribute):
            if not self._is_super(target.value):
                simple = plain_number and not value.flips
                obj = hooked(obj, self._attribute_hook("u", target)) if simple else self._place(obj, target)
            return [
                self._made(
                    [obj, value],
                    lambda parts: changed(node, target=changed(target, value=parts[0]), value=parts[1]),
                )
            ]
        key, make = self.pieces(target.slice)
        if plain_number and not value.flips and self.is_constant(target.slice, key):
            obj = hooked(obj, lambda inner: call("ui", target, inner, target.slice))
        else:
            obj = self._place(obj, target)

        def build(parts: list[ast.expr]) -> ast.stmt:
            return changed(node, target=changed(target, value=parts[0], slice=make(parts[1:-1])), value=parts[-1])

        return [self._made([obj, *key, value], build)]

    def _Delete_steps(self, node: ast.Delete) -> list[Step]:
        steps = []
        for target in node.targets:
            parts, build, after = self.target(target)
            steps.append(
                self._made(parts, lambda parts, build=build: changed(node, targets=[build(parts)]))  # type: ignore[misc]
            )
            steps += after
        return steps

    def _Import_steps(self, node: ast.Import | ast.ImportFrom) -> list[Step]:
        return [
            Step([node], flips=True, fixed=True),
            *self._imported(node),
            *self._steps_after([name for _, name in imported_names(node)], node),
        ]

    _ImportFrom_steps = _Import_steps

    @staticmethod
    def _imported(node: ast.Import | ast.ImportFrom) -> list[Step]:
        """Whoever imports a module comes after whoever ran it."""
        if isinstance(node, ast.Import):
            asked = [(alias.name, 0) for alias in node.names]
        elif node.module == "__future__":
            asked = []
        else:
            asked = [(f"{node.module or ''}.{alias.name}".lstrip("."), node.level) for alias in node.names]
        told = [call("i", node, text(module, node), placed(ast.Constant(level), node)) for module, level in asked]
        return [Step([], [statement(one) for one in told])] if told else []

    # ---- blocks

    def _If_steps(self, node: ast.If) -> list[Step]:
        test, body, orelse = self.truth(node.test), self.steps(node.body), self.steps(node.orelse)
        merged, merged_else = joined(body), joined(orelse)
        if not (test.fixed or merged is None or merged_else is None) and not (
            too_late([test, merged]) or too_late([test, merged_else])
        ):
            flips = test.flips or merged.flips or merged_else.flips
            plain = changed(node, test=test.plain, body=merged.plain, orelse=merged_else.plain)
            if not (test.pending or merged.pending or merged_else.pending):
                return [Step([plain], flips=flips)]
            told = changed(node, test=test.told, body=merged.told, orelse=merged_else.told)
            return [Step([plain], [told], flips=flips)]
        apart = changed(node, test=settled(test), body=block(body), orelse=block(orelse))
        return [Step([apart], flips=True, fixed=True)]

    def _loop(
        self,
        parts: list[Value],
        build: Callable[[list[ast.expr], list[ast.stmt], list[ast.stmt]], ast.stmt],
        body: list[Step],
        orelse: list[Step],
    ) -> list[Step]:
        merged, merged_else = joined(body), joined(orelse)
        if merged is not None and merged_else is not None and not any(part.fixed for part in parts):
            pieces: list[Value | Step] = [merged, merged_else, *parts]
            pending = any(piece.pending for piece in pieces)
            flips = any(piece.flips for piece in pieces)
            plain = build([part.plain for part in parts], merged.plain, merged_else.plain)
            if not pending:
                return [Step([plain], flips=flips)]
            if not flips:
                told = build([part.told for part in parts], merged.told, merged_else.told)
                return [Step([plain], [told])]
        apart = build(list(map(settled, parts)), block(body), block(orelse))
        return [Step([apart], flips=True, fixed=True)]

    def _While_steps(self, node: ast.While) -> list[Step]:
        return self._loop(
            [self.truth(node.test)],
            lambda parts, body, orelse: changed(node, test=parts[0], body=body, orelse=orelse),
            self.steps(node.body),
            self.steps(node.orelse),
        )

    def _For_steps(self, node: ast.For | ast.AsyncFor) -> list[Step]:
        paused = isinstance(node, ast.AsyncFor)
        iterable = self.value(node.iter) if paused else self.iterated(node.iter)
        if paused:
            iterable.flips = True
        target, make, after = self.target(node.target)
        return self._loop(
            [iterable, *target],
            lambda parts, body, orelse: changed(node, iter=parts[0], target=make(parts[1:]), body=body, orelse=orelse),
            [*after, *self.steps(node.body)],
            self.steps(node.orelse),
        )

    _AsyncFor_steps = _For_steps

    def _With_steps(self, node: ast.With | ast.AsyncWith) -> list[Step]:
        items = []
        told: list[Step] = []
        for item in node.items:
            context = settled(self.value(item.context_expr))
            if item.optional_vars is None:
                items.append(changed(item, context_expr=context))
                continue
            target, make, after = self.target(item.optional_vars)
            items.append(changed(item, context_expr=context, optional_vars=make(list(map(settled, target)))))
            told += after
        body = block([*told, *self.steps(node.body)])
        return [Step([changed(node, items=items, body=body)], flips=True, fixed=True)]

    _AsyncWith_steps = _With_steps

    def _Try_steps(self, node: ast.Try) -> list[Step]:
        handlers = []
        for handler in node.handlers:
            kind = None if handler.type is None else settled(self.value(handler.type))
            told = self._steps_after(pattern_names(handler), handler)
            handlers.append(changed(handler, type=kind, body=block([*told, *self.steps(handler.body)])))
        made = changed(
            node,
            body=self.block(node.body),
            handlers=handlers,
            orelse=self.block(node.orelse),
            finalbody=self.block(node.finalbody),
        )
        return [Step([made], flips=True, fixed=True)]

    _TryStar_steps = _Try_steps

    def _Match_steps(self, node: ast.Match) -> list[Step]:
        subject = self.value(node.subject)
        spec = _patterns([case.pattern for case in node.cases], self.scope.mangled)
        if spec:
            constant = placed(ast.Constant(spec), node.subject)  # type: ignore[arg-type]
            subject = hooked(subject, lambda inner: call("m", node.subject, inner, constant))
        cases = []
        for case in node.cases:
            bound = [found for pattern in ast.walk(case.pattern) for found in pattern_names(pattern)]
            told = self._steps_after(bound, case.pattern)
            guard = None if case.guard is None else settled(self.truth(case.guard))
            cases.append(changed(case, guard=guard, body=block([*told, *self.steps(case.body)])))
        return [Step([changed(node, subject=settled(subject), cases=cases)], flips=True, fixed=True)]

    # ---- definitions

    def _FunctionDef_steps(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[Step]:
        decorators = [settled(self.value(decorator)) for decorator in node.decorator_list]
        defaults = [settled(self.kept(value)) for value in node.args.defaults]
        later = [None if value is None else settled(self.kept(value)) for value in node.args.kw_defaults]
        outer, self.scope = self.scope, self.scopes.of[node]
        body = self._function_body(node, is_method=outer.kind == "class")
        self.scope = outer
        arguments = changed(node.args, defaults=defaults, kw_defaults=later)
        made = changed(node, decorator_list=decorators, args=arguments, body=body)
        return [Step([made], flips=True, fixed=True), *self.written(node.name, node)]

    _AsyncFunctionDef_steps = _FunctionDef_steps

    def _function_body(self, node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_method: bool) -> list[ast.stmt]:
        body = node.body
        count = 1 if ast.get_docstring(node, clean=False) is not None else 0
        silent = (ast.Global, ast.Nonlocal)  # they make no code, so that there is none on their lines
        at = next((inner for inner in body[count:] if not isinstance(inner, silent)), body[-1])
        first: list[ast.stmt] = []
        if self.scope.told:
            variable = placed(ast.Name(self.scope.variable, ast.Store()), at)
            first.append(placed(ast.Assign([variable], call("scope", at)), at))
        arguments = [*node.args.posonlyargs, *node.args.args]
        if is_method and arguments and node.name == "__init__":
            first.append(statement(call("born", at, name(arguments[0].arg, at))))
        return [*body[:count], *first, *self.block(body[count:])]

    def _ClassDef_steps(self, node: ast.ClassDef) -> list[Step]:
        decorators = [settled(self.value(decorator)) for decorator in node.decorator_list]
        bases, keywords = node.bases, node.keywords
        if not getattr(node, "type_params", None):
            values, build = self.spread(bases)
            bases = build(list(map(settled, values)))
            keywords = [changed(keyword, value=settled(self.value(keyword.value))) for keyword in keywords]
        outer, self.scope = self.scope, self.scopes.of[node]
        body = self.block(node.body)
        self.scope = outer
        made = changed(node, decorator_list=decorators, bases=bases, keywords=keywords, body=body)
        return [Step([made], flips=True, fixed=True), *self.written(node.name, node)]


def _patterns(patterns: Iterable[ast.pattern], mangled: Callable[[str], str]) -> tuple[Any, ...]:
    """What the patterns read of their subject, as a constant.

    A tuple of ``(kind, what, inner)``: ``("[", number, inner)`` for an item of a sequence, ``("{", key, inner)`` for
    one of a mapping, ``(".", name, inner)`` for an attribute, ``("(", number, inner)`` for one of ``__match_args__``;
    `inner` is what the pattern reads of that. None as number or key: all of them.
    """
    found: list[tuple[Any, ...]] = []
    for pattern in patterns:
        if isinstance(pattern, ast.MatchSequence):
            found.append(("[", None, ()))
            starred = False
            for number, inner in enumerate(pattern.patterns):
                starred = starred or isinstance(inner, ast.MatchStar)
                number -= len(pattern.patterns) if starred else 0
                if spec := _patterns([inner], mangled):
                    found.append(("[", number, spec))
        elif isinstance(pattern, ast.MatchMapping):
            for key, inner in zip(pattern.keys, pattern.patterns, strict=True):
                if isinstance(key, ast.Constant):
                    found.append(("{", key.value, _patterns([inner], mangled)))
            if pattern.rest is not None:
                found.append(("{", None, ()))
        elif isinstance(pattern, ast.MatchClass):
            for number, inner in enumerate(pattern.patterns):
                found.append(("(", number, _patterns([inner], mangled)))
            for attribute, inner in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
                found.append((".", attribute, _patterns([inner], mangled)))
        elif isinstance(pattern, ast.MatchOr):
            found += _patterns(pattern.patterns, mangled)
        elif isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
            found += _patterns([pattern.pattern], mangled)
    return tuple(dict.fromkeys(found))
