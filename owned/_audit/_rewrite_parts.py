# SPDX-License-Identifier: MIT
"""What rewritten code is made of: nodes, and code that is there twice, once as it was and once telling of itself."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

PREFIX: Final = "@owned."
_Node = TypeVar("_Node", bound=ast.AST)
_LOAD: Final = ast.Load()


class Value:
    """An expression.

    Attributes:
        plain: How it is evaluated while nothing is told.
        told: How it is evaluated while everything is told; the same as `plain` if there is nothing to tell.
        flips: May evaluating it start a thread, and so begin the telling?
        fixed: Does it decide by itself whether it tells, somewhere inside? Then it stands nowhere twice, for that would
            double the code with each level.
    """

    __slots__ = ("fixed", "flips", "plain", "told")

    def __init__(
        self, plain: ast.expr, told: ast.expr | None = None, *, flips: bool = False, fixed: bool = False
    ) -> None:
        self.plain = plain
        self.told = plain if told is None else told
        self.flips = flips
        self.fixed = fixed

    @property
    def pending(self) -> bool:
        """Is there something to tell that nobody decides about yet?"""
        return self.told is not self.plain


class Step:
    """Some statements: the same four things as of a `Value`."""

    __slots__ = ("fixed", "flips", "plain", "told")

    def __init__(
        self,
        plain: list[ast.stmt],
        told: list[ast.stmt] | None = None,
        *,
        flips: bool = False,
        fixed: bool = False,
    ) -> None:
        self.plain = plain
        self.told = plain if told is None else told
        self.flips = flips
        self.fixed = fixed

    @property
    def pending(self) -> bool:
        """Is there something to tell that nobody decides about yet?"""
        return self.told is not self.plain


# ---- nodes


def placed(node: _Node, at: ast.AST) -> _Node:
    """The node, at the place in the source where another one is."""
    node.lineno = at.lineno  # type: ignore[attr-defined]
    node.col_offset = at.col_offset  # type: ignore[attr-defined]
    node.end_lineno = at.end_lineno  # type: ignore[attr-defined]
    node.end_col_offset = at.end_col_offset  # type: ignore[attr-defined]
    return node


def changed(node: _Node, **fields: Any) -> _Node:
    """A copy of the node with some fields replaced."""
    made = type(node)(**{name: getattr(node, name) for name in node._fields if hasattr(node, name)} | fields)
    return placed(made, node) if hasattr(node, "lineno") else made


def name(identifier: str, at: ast.AST) -> ast.Name:
    """A name that is read."""
    return placed(ast.Name(identifier, _LOAD), at)


def text(value: str, at: ast.AST) -> ast.Constant:
    """A string."""
    return placed(ast.Constant(value), at)


def call(hook: str, at: ast.AST, *arguments: ast.expr) -> ast.Call:
    """A call of a hook."""
    return placed(ast.Call(name(PREFIX + hook, at), list(arguments), []), at)


def statement(value: ast.expr) -> ast.Expr:
    """A statement that evaluates an expression."""
    return placed(ast.Expr(value), value)


def telling(at: ast.AST) -> ast.Compare:
    """Whether everything is told just now.

    Compared with None, for that is one jump; the truth of None is asked for by a slow path in 3.11.
    """
    return placed(ast.Compare(name(PREFIX + "MT", at), [ast.IsNot()], [placed(ast.Constant(None), at)]), at)


def is_simple(node: ast.expr) -> bool:
    """May it be evaluated twice without anybody noticing?"""
    if isinstance(node, (ast.Name, ast.Constant)):
        return True
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    return isinstance(node, ast.Tuple) and all(map(is_simple, node.elts))


def as_argument(key: ast.expr) -> ast.expr:
    """What stands between brackets, as an expression of its own."""
    if isinstance(key, ast.Slice):
        parts = [placed(ast.Constant(None), key) if p is None else p for p in (key.lower, key.upper, key.step)]
        return call("slice", key, *parts)
    if isinstance(key, ast.Tuple) and any(isinstance(element, ast.Slice) for element in key.elts):
        return changed(key, elts=list(map(as_argument, key.elts)))
    return key


# ---- deciding


def settled(value: Value) -> ast.expr:
    """The expression that decides for itself whether it tells."""
    if not value.pending:
        return value.plain
    return placed(ast.IfExp(telling(value.plain), value.told, value.plain), value.plain)


def hooked(value: Value, hook: Callable[[ast.expr], ast.expr], *, early: bool = False) -> Value:
    """The value, told of by a hook that returns it.

    Where the value may start a thread, or decides for itself already, the hook is called in any case: it returns at
    once if nothing is told. `early` is for what is not worth it.
    """
    if value.fixed or (value.flips and not early):
        return Value(hook(settled(value)), flips=value.flips, fixed=True)
    return Value(value.plain, hook(value.told), flips=value.flips)


def too_late(parts: Iterable[Value | Step]) -> bool:
    """Is something to be told after a thread may have been started? Then one decision before all of it is too early."""
    flipped = False
    for part in parts:
        if flipped and part.pending:
            return True
        flipped = flipped or part.flips
    return False


def combined(
    parts: Sequence[Value],
    build: Callable[[list[ast.expr]], ast.expr],
    *,
    tell: Callable[[list[ast.expr]], ast.expr] | None = None,
    apart: Callable[[list[Value]], list[Value]] | None = None,
    flips: bool = False,
    fixed: bool = False,
) -> Value:
    """An expression of parts that are evaluated in this order.

    Args:
        parts: The parts.
        build: Make the expression.
        tell: Make the expression that also tells of what it does itself.
        apart: Change the parts so that they tell of it instead, for where each part decides for itself. Without it, the
            expression tells in any case there.
        flips: May the expression itself start a thread?
        fixed: See `Value`.
    """
    flips = flips or any(part.flips for part in parts)
    fixed = fixed or any(part.fixed for part in parts)
    early = tell is not None and apart is None and any(part.flips for part in parts)
    if not (fixed or early or too_late(parts)):
        plain = build([part.plain for part in parts])
        if tell is None and not any(part.pending for part in parts):
            return Value(plain, flips=flips)
        return Value(plain, (tell or build)([part.told for part in parts]), flips=flips)
    if apart is not None:
        parts = apart(list(parts))
    elif tell is not None:
        build = tell
    return Value(build(list(map(settled, parts))), flips=flips, fixed=True)


def joined(steps: Sequence[Step]) -> Step | None:
    """The steps as one that nobody decides about yet; None if that cannot be."""
    if any(step.fixed for step in steps) or too_late(steps):
        return None
    flips = any(step.flips for step in steps)
    plain = [node for step in steps for node in step.plain]
    if not any(step.pending for step in steps):
        return Step(plain, flips=flips)
    return Step(plain, [node for step in steps for node in step.told], flips=flips)


def block(steps: Sequence[Step]) -> list[ast.stmt]:
    """The statements: one decision for as many steps as can be."""
    done: list[ast.stmt] = []
    run: list[Step] = []

    def decide() -> None:
        rest: list[Step] = []
        while run and not run[-1].pending:
            rest.append(run.pop())
        if run:
            told = [node for step in run for node in step.told]
            plain = [node for step in run for node in step.plain]
            done.append(placed(ast.If(telling(told[0]), told, plain), told[0]))
        for step in reversed(rest):
            done.extend(step.plain)
        run.clear()

    for step in steps:
        if step.fixed or (not step.pending and (step.flips or not run)):
            decide()
            done.extend(step.plain)
        else:
            run.append(step)
            if step.flips:
                decide()
    decide()
    return done
