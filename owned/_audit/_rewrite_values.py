# SPDX-License-Identifier: MIT
"""Rewriting expressions so that they tell what they read and write."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from owned._audit._rewrite_parts import (
    Step,
    Value,
    as_argument,
    call,
    changed,
    combined,
    hooked,
    is_simple,
    name,
    placed,
    settled,
    statement,
    text,
)
from owned._audit._scopes import HIDDEN, Binding, Scope, Scopes, defaults


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HARMLESS_FUNCTIONS: Final = frozenset(
    [
        "abs",
        "all",
        "any",
        "ascii",
        "bin",
        "bool",
        "bytearray",
        "bytes",
        "callable",
        "chr",
        "complex",
        "dict",
        "divmod",
        "enumerate",
        "float",
        "format",
        "frozenset",
        "hash",
        "hex",
        "id",
        "int",
        "isinstance",
        "issubclass",
        "len",
        "list",
        "max",
        "min",
        "oct",
        "ord",
        "pow",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "slice",
        "sorted",
        "str",
        "sum",
        "tuple",
        "type",
        "zip",
    ]
)
"""Builtin functions and types that start no thread, or only if somebody wants to prove us wrong."""

HARMLESS_METHODS: Final = frozenset(
    [
        "append",
        "appendleft",
        "capitalize",
        "casefold",
        "count",
        "decode",
        "discard",
        "encode",
        "endswith",
        "expandtabs",
        "extend",
        "extendleft",
        "find",
        "format",
        "index",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "isidentifier",
        "islower",
        "isnumeric",
        "isprintable",
        "isspace",
        "isupper",
        "items",
        "join",
        "keys",
        "ljust",
        "lower",
        "lstrip",
        "partition",
        "pop",
        "popitem",
        "popleft",
        "replace",
        "rfind",
        "rindex",
        "rjust",
        "rpartition",
        "rsplit",
        "rstrip",
        "setdefault",
        "sort",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
        "values",
        "zfill",
    ]
)
"""Methods of builtin types under names that hardly anybody gives to a method that starts a thread."""

NUMBERS: Final = frozenset({"abs", "float", "int", "len", "max", "min", "ord", "pow", "round", "str"})
IN_PLACE: Final = (ast.Add, ast.Sub, ast.Mult, ast.BitOr, ast.BitAnd, ast.BitXor)
"""Operators that change a container in place."""
CONTAINERS: Final = frozenset(
    [
        "Counter",
        "OrderedDict",
        "array",
        "bytearray",
        "defaultdict",
        "deque",
        "dict",
        "list",
        "set",
        "UserDict",
        "UserList",
        "ChainMap",
    ]
)
NAMESPACES: Final = frozenset({"locals", "vars", "dir"})
LEFT_ALONE: Final = NAMESPACES | {"super", "globals", "eval", "exec", "__import__", "breakpoint"}
WHOLE: Final = (ast.Attribute, ast.Name, ast.Subscript)
"""Expressions that may be a container that was made elsewhere."""

Build = Callable[[list[ast.expr]], ast.expr]
Pieces = tuple[list[Value], Build]
"""What is evaluated, and how it is put together."""
Target = tuple[list[Value], Build, list[Step]]
"""What is evaluated before something is stored, the target made of it, and what is told afterwards."""


class Values:
    """Rewrites expressions.

    Args:
        scopes: Of the module.
        methods: The names of methods whose calls read or write containers.
        functions: The names of functions that do.
    """

    def __init__(self, scopes: Scopes, methods: Collection[str], functions: Collection[str]) -> None:
        self.scopes = scopes
        self.scope: Scope = scopes.module
        self.methods = methods
        self.functions = functions
        self._kinds: dict[type, Callable[[Any], Value]] = {}

    # ---- any expression

    def value(self, node: ast.expr) -> Value:
        """The expression, rewritten."""
        kind = type(node)
        visit = self._kinds.get(kind)
        if visit is None:
            visit = self._kinds[kind] = getattr(self, f"_{kind.__name__}", self._unknown)
        return visit(node)

    def truth(self, node: ast.expr) -> Value:
        """An expression that is asked whether it is true: of a container that reads how long it is."""
        value = self.value(node)
        return self._whole(value, node) if isinstance(node, WHOLE) else value

    def iterated(self, node: ast.expr) -> Value:
        """An expression that is iterated over."""
        value = self.value(node)
        if isinstance(node, (ast.Constant, ast.JoinedStr, ast.Tuple)):
            return value
        return hooked(value, lambda inner: call("it", node, inner))

    def kept(self, node: ast.expr) -> Value:
        """An expression whose value gets a name: it is told where a container was made."""
        value = self.value(node)
        if not self._makes_container(node):
            return value
        plain = call("new", node, value.plain)
        told = call("new", node, value.told) if value.pending else None
        return Value(plain, told, flips=value.flips, fixed=value.fixed)

    def is_number(self, node: ast.expr) -> bool:
        """Is it surely no container that can change, as far as one sees here?"""
        if isinstance(node, ast.Name):
            owner = self.scope.owner(self.scope.mangled(node.id))
            bindings = () if owner is None else owner.bindings[self.scope.mangled(node.id)]
            return any(binding.number for binding in bindings)
        if isinstance(node, ast.BinOp):
            return not isinstance(node.op, IN_PLACE) or self.is_number(node.left) or self.is_number(node.right)
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id in NUMBERS and not self.is_bound(node.func.id)
        return isinstance(node, (ast.Constant, ast.JoinedStr, ast.UnaryOp, ast.Compare))

    def is_bound(self, identifier: str) -> bool:
        """Is a name that of a variable of this module, and not a builtin?"""
        variable = self.scope.mangled(identifier)
        return variable in (self.scope.owner(variable) or self.scopes.module).bindings

    @staticmethod
    def _unknown(node: ast.expr) -> Value:
        return Value(node, flips=True, fixed=True)

    @staticmethod
    def _whole(value: Value, node: ast.expr) -> Value:
        return hooked(value, lambda inner: call("s", node, inner))

    def _makes_container(self, node: ast.expr) -> bool:
        if isinstance(node, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)):
            return True
        if not isinstance(node, ast.Call):
            return False
        func = node.func
        if isinstance(func, ast.Attribute):
            return func.attr in CONTAINERS
        return isinstance(func, ast.Name) and func.id in CONTAINERS and self.scope.owner(func.id) is None

    # ---- names

    def _Constant(self, node: ast.Constant) -> Value:
        return Value(node)

    def _Name(self, node: ast.Name) -> Value:
        variable, owner = self.told_variable(node.id)
        if variable is None:
            return Value(node)
        return Value(node, self._read(node, variable, owner))

    def told_variable(self, identifier: str) -> tuple[str | None, Scope | None]:
        """The mangled name of a variable that is told of, and the function that owns it; None, None if it is not."""
        scope = self.scope
        variable = scope.mangled(identifier)
        owner = scope.owner(variable)
        if owner is None:
            return (variable, None) if variable in self.scopes.module.told else (None, None)
        return (variable, owner) if variable in owner.told else (None, None)

    @staticmethod
    def _read(node: ast.Name, variable: str, owner: Scope | None) -> ast.expr:
        if owner is None:
            return call("g", node, node, text(variable, node))
        return call("v", node, node, name(owner.variable, node), text(variable, node))

    def written(self, identifier: str, at: ast.AST) -> list[Step]:
        """What tells that a variable was written or deleted."""
        found = self._write(identifier, at)
        return [] if found is None else [Step([], [statement(found)])]

    def _write(self, identifier: str, at: ast.AST) -> ast.expr | None:
        variable, owner = self.told_variable(identifier)
        if variable is None:
            return None
        if owner is None:
            return call("G", at, text(variable, at))
        return call("V", at, name(owner.variable, at), text(variable, at))

    def _NamedExpr(self, node: ast.NamedExpr) -> Value:
        inner, self.scope = self.scope, self.scope.holder()
        write = self._write(node.target.id, node.target)
        self.scope = inner

        def tell(parts: list[ast.expr]) -> ast.expr:
            # The first of a pair, whose second tells that the variable is written now.
            assert write is not None
            pair = placed(ast.Tuple([parts[0], write], ast.Load()), node.value)
            first = ast.Subscript(pair, placed(ast.Constant(0), node.value), ast.Load())
            return changed(node, value=placed(first, node.value))

        value = self.kept(node.value)
        if write is not None and value.fixed:
            return Value(tell([value.plain]), flips=value.flips, fixed=True)
        return combined([value], lambda parts: changed(node, value=parts[0]), tell=None if write is None else tell)

    # ---- attributes and items

    def _is_super(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"

    def _attribute_hook(self, hook: str, node: ast.Attribute) -> Callable[[ast.expr], ast.expr]:
        told = text(self.scope.mangled(node.attr), node)
        return lambda inner: call(hook, node, inner, told)

    def _Attribute(self, node: ast.Attribute) -> Value:
        value = self.value(node.value)
        if not self._is_super(node.value):
            value = hooked(value, self._attribute_hook("r", node))
        return combined([value], lambda parts: changed(node, value=parts[0]))

    @staticmethod
    def _place(value: Value, node: ast.expr) -> Value:
        return hooked(value, lambda inner: call("p", node, inner))

    def _Subscript(self, node: ast.Subscript) -> Value:
        key, make = self.pieces(node.slice)
        return combined(
            [self.value(node.value), *key],
            lambda parts: changed(node, value=parts[0], slice=make(parts[1:])),
            tell=lambda parts: call("gi", node, parts[0], as_argument(make(parts[1:]))),
        )

    def pieces(self, node: ast.expr) -> Pieces:
        """What is no expression by itself, in its parts: starred ones, slices, fields of strings."""
        if isinstance(node, ast.Starred):
            values, build = self.pieces(node.value)
            if isinstance(node.value, WHOLE) or len(values) == 1:
                values = [self._whole(values[0], node.value)]
            return values, lambda parts: changed(node, value=build(parts))
        if isinstance(node, ast.Slice):
            fields = [field for field in ("lower", "upper", "step") if getattr(node, field) is not None]
            return [self.value(getattr(node, field)) for field in fields], lambda parts: changed(
                node, **dict(zip(fields, parts, strict=True))
            )
        if isinstance(node, ast.Tuple) and any(isinstance(element, (ast.Slice, ast.Starred)) for element in node.elts):
            values, elements = self.spread(node.elts)
            return values, lambda parts: changed(node, elts=elements(parts))
        if isinstance(node, ast.JoinedStr) or type(node).__name__ == "TemplateStr":
            values, strings = self.spread(node.values)  # type: ignore[attr-defined]
            return values, lambda parts: changed(node, values=strings(parts))
        if isinstance(node, ast.FormattedValue) or type(node).__name__ == "Interpolation":
            return self._field(node)
        return [self.value(node)], lambda parts: parts[0]

    def spread(self, nodes: Sequence[ast.expr]) -> tuple[list[Value], Callable[[list[ast.expr]], list[ast.expr]]]:
        """The pieces of all these, and how they are put together again."""
        values: list[Value] = []
        builds: list[tuple[Build, slice]] = []
        for node in nodes:
            found, build = self.pieces(node)
            builds.append((build, slice(len(values), len(values) + len(found))))
            values += found
        return values, lambda parts: [build(parts[part]) for build, part in builds]

    def _field(self, node: Any) -> Pieces:
        value = self.value(node.value)
        if isinstance(node.value, WHOLE) and isinstance(node, ast.FormattedValue):
            value = self._whole(value, node.value)
        if node.format_spec is None:
            return [value], lambda parts: changed(node, value=parts[0])
        values, build = self.pieces(node.format_spec)
        return [value, *values], lambda parts: changed(node, value=parts[0], format_spec=build(parts[1:]))

    # ---- targets

    def target(self, node: ast.expr) -> Target:
        """Something that is stored to, or deleted."""
        if isinstance(node, ast.Name):
            return [], lambda parts: node, self.written(node.id, node)
        if isinstance(node, ast.Attribute):
            value = self.value(node.value)
            if not self._is_super(node.value):
                value = hooked(value, self._attribute_hook("w", node))
            return [value], lambda parts: changed(node, value=parts[0]), []
        if isinstance(node, ast.Subscript):
            return self._item_target(node)
        if isinstance(node, ast.Starred):
            inner, build, after = self.target(node.value)
            return inner, lambda parts: changed(node, value=build(parts)), after
        assert isinstance(node, (ast.Tuple, ast.List))
        values: list[Value] = []
        after = []
        pieces: list[tuple[Build, slice]] = []
        for element in node.elts:
            found, build, told = self.target(element)
            pieces.append((build, slice(len(values), len(values) + len(found))))
            values += found
            after += told
        return values, lambda parts: changed(node, elts=[make(parts[part]) for make, part in pieces]), after

    def _item_target(self, node: ast.Subscript) -> Target:
        value = self.value(node.value)
        key, make = self.pieces(node.slice)
        deleted = isinstance(node.ctx, ast.Del)
        if isinstance(node.slice, ast.Slice) and all(
            part is None or is_simple(part) for part in (node.slice.lower, node.slice.upper, node.slice.step)
        ):
            value = hooked(value, lambda inner: call("ws", node, inner))
        elif self.is_constant(node.slice, key):
            value = hooked(value, lambda inner: call("di" if deleted else "wi", node, inner, node.slice))
        else:
            value = self._place(value, node)
        return [value, *key], lambda parts: changed(node, value=parts[0], slice=make(parts[1:])), []

    @staticmethod
    def is_constant(node: ast.expr, values: Sequence[Value]) -> bool:
        """May it be evaluated twice without anybody noticing, and is there nothing to tell of it?"""
        return is_simple(node) and not any(value.pending for value in values)

    # ---- operators

    def _BinOp(self, node: ast.BinOp) -> Value:
        values = [self.value(node.left), self.value(node.right)]
        if (
            isinstance(node.op, (ast.BitOr, ast.BitAnd, ast.BitXor))
            or self._makes_container(node.left)
            or (self._makes_container(node.right))
        ):
            operands = (node.left, node.right)
            values = [
                self._whole(value, operand) if isinstance(operand, WHOLE) else value
                for value, operand in zip(values, operands, strict=True)
            ]
        return combined(values, lambda parts: changed(node, left=parts[0], right=parts[1]))

    def _UnaryOp(self, node: ast.UnaryOp) -> Value:
        value = self.truth(node.operand) if isinstance(node.op, ast.Not) else self.value(node.operand)
        return combined([value], lambda parts: changed(node, operand=parts[0]))

    def _BoolOp(self, node: ast.BoolOp) -> Value:
        values = [*[self.truth(value) for value in node.values[:-1]], self.value(node.values[-1])]
        return combined(values, lambda parts: changed(node, values=parts))

    def _IfExp(self, node: ast.IfExp) -> Value:
        return combined(
            [self.truth(node.test), self.value(node.body), self.value(node.orelse)],
            lambda parts: changed(node, test=parts[0], body=parts[1], orelse=parts[2]),
        )

    def _Compare(self, node: ast.Compare) -> Value:
        operands = [node.left, *node.comparators]
        values = [self.value(operand) for operand in operands]
        for number, operator in enumerate(node.ops):
            left, right = operands[number], operands[number + 1]
            if isinstance(operator, (ast.In, ast.NotIn)):
                values[number + 1] = self._contains(left, values[number], right, values[number + 1])
            elif isinstance(operator, (ast.Eq, ast.NotEq)):
                if number == 0 and isinstance(left, WHOLE) and self._makes_container(right):
                    values[0] = self._whole(values[0], left)
                if isinstance(right, WHOLE) and self._makes_container(left):
                    values[number + 1] = self._whole(values[number + 1], right)
        return combined(values, lambda parts: changed(node, left=parts[0], comparators=parts[1:]))

    def _contains(self, left: ast.expr, key: Value, right: ast.expr, value: Value) -> Value:
        if isinstance(right, (ast.Constant, ast.Tuple)):
            return value
        if self.is_constant(left, [key]):
            return hooked(value, lambda inner: call("c", right, inner, left))
        return self._place(value, right)

    # ---- displays and strings

    def _Tuple(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        values, build = self.spread(node.elts)
        return combined(values, lambda parts: changed(node, elts=build(parts)))

    _List = _Set = _Tuple

    def _Dict(self, node: ast.Dict) -> Value:
        values: list[Value] = []
        for key, item in zip(node.keys, node.values, strict=True):
            if key is None:
                values.append(self._whole(self.value(item), item))
            else:
                values += [self.value(key), self.value(item)]

        def build(parts: list[ast.expr]) -> ast.expr:
            rest = iter(parts)
            keys = []
            items = []
            for key in node.keys:
                keys.append(None if key is None else next(rest))
                items.append(next(rest))
            return changed(node, keys=keys, values=items)

        return combined(values, build)

    def _JoinedStr(self, node: ast.expr) -> Value:
        values, build = self.pieces(node)
        return combined(values, build)

    _TemplateStr = _JoinedStr

    # ---- calls

    def _Call(self, node: ast.Call) -> Value:
        arguments, positional = self.spread(node.args)
        count = len(arguments)
        for keyword in node.keywords:
            value = self.value(keyword.value)
            arguments.append(value if keyword.arg is not None else self._whole(value, keyword.value))

        def build(func: ast.expr, parts: list[ast.expr]) -> ast.Call:
            pairs = zip(node.keywords, parts[count:], strict=True)
            keywords = [changed(keyword, value=value) for keyword, value in pairs]
            return changed(node, func=func, args=positional(parts[:count]), keywords=keywords)

        func = node.func
        if isinstance(func, ast.Attribute):
            return self._method_call(node, func, arguments, build)
        if isinstance(func, ast.Name):
            return self._function_call(node, func, arguments, build)
        return combined([self.value(func), *arguments], lambda parts: build(parts[0], parts[1:]), flips=True)

    def _method_call(
        self, node: ast.Call, func: ast.Attribute, arguments: list[Value], build: Callable[..., ast.Call]
    ) -> Value:
        receiver = self.value(func.value)
        known = func.attr in self.methods or func.attr in self.functions
        own = self.scope.mangled(func.attr) in self.scopes.methods
        if not (known or own or self._is_super(func.value)):
            receiver = hooked(receiver, self._attribute_hook("r", func), early=True)

        def plain(parts: list[ast.expr]) -> ast.expr:
            return build(changed(func, value=parts[0]), parts[1:])

        def told(parts: list[ast.expr]) -> ast.expr:
            return build(call("b", func, parts[0], text(self.scope.mangled(func.attr), func)), parts[1:])

        def apart(parts: list[Value]) -> list[Value]:
            return [self._place(parts[0], func), *parts[1:]]

        late = receiver.fixed or receiver.flips
        return combined(
            [receiver, *arguments],
            plain,
            tell=told if known else None,
            apart=apart if known and not late else None,
            flips=func.attr not in HARMLESS_METHODS,
        )

    def _function_call(
        self, node: ast.Call, func: ast.Name, arguments: list[Value], build: Callable[..., ast.Call]
    ) -> Value:
        harmless, hook = self._kind_of_function(func.id)
        function = self.value(func)
        if hook and (arguments or func.id not in NAMESPACES):
            function = hooked(function, lambda inner: call("f", func, inner))
        value = combined([function, *arguments], lambda parts: build(parts[0], parts[1:]), flips=not harmless)
        if func.id in NAMESPACES and not arguments and any(scope.told for scope in self._functions_around()):
            value = Value(call("h", node, settled(value)), flips=True, fixed=value.fixed or value.pending)
        return value

    def _functions_around(self) -> list[Scope]:
        return [scope for scope in self.scope.chain() if scope.kind == "function"]

    def _kind_of_function(self, identifier: str) -> tuple[bool, bool]:
        """Whether a function starts no thread, and whether it may be one that reads or writes containers."""
        if identifier in LEFT_ALONE or identifier.startswith(HIDDEN):
            return False, identifier == "vars"
        variable = self.scope.mangled(identifier)
        bindings = (self.scope.owner(variable) or self.scopes.module).bindings.get(variable)
        if bindings is None:
            return identifier in HARMLESS_FUNCTIONS, identifier in self.functions
        return False, any(self._may_be_builtin(binding) for binding in bindings)

    def _may_be_builtin(self, binding: Binding) -> bool:
        """May it bind a name to a function that reads or writes containers?"""
        if binding.imported is not None:
            return binding.imported in self.functions
        return not binding.made_here

    # ---- code that runs more than once, later, or with pauses

    def _Lambda(self, node: ast.Lambda) -> Value:
        body = self._inside(node, lambda: self.value(node.body))
        lambda_ = changed(node, body=settled(body))
        return self.with_defaults(lambda_.args, lambda args: changed(lambda_, args=args), body.fixed or body.pending)

    def _inside(self, node: ast.AST, visit: Callable[[], Value]) -> Value:
        outer, self.scope = self.scope, self.scopes.of[node]
        value = visit()
        self.scope = outer
        return value

    def with_defaults(
        self, arguments: ast.arguments, build: Callable[[ast.arguments], Any], fixed: bool = False
    ) -> Value:
        """A function or lambda, with its default values rewritten."""

        def make(parts: list[ast.expr]) -> Any:
            count = len(arguments.defaults)
            rest = iter(parts[count:])
            later = [None if value is None else next(rest) for value in arguments.kw_defaults]
            return build(changed(arguments, defaults=parts[:count], kw_defaults=later))

        return combined(list(map(self.kept, defaults(arguments))), make, fixed=fixed)

    def _ListComp(self, node: Any) -> Value:
        outer = self.scope
        fields = ["elt"] if hasattr(node, "elt") else ["key"] if node.value is None else ["key", "value"]
        values: list[Value] = []
        builds: list[Callable[[list[ast.expr]], ast.comprehension]] = []
        inner = self.scopes.of[node]
        for number, generator in enumerate(node.generators):
            self.scope = inner if number else outer
            iterable = self.value(generator.iter) if generator.is_async else self.iterated(generator.iter)
            self.scope = inner
            target, build, _ = self.target(generator.target)
            tests = list(map(self.truth, generator.ifs))
            builds.append(self._generator(generator, len(values), build, len(target)))
            values += [iterable, *target, *tests]
        first = len(values)
        results, elements = self.spread([getattr(node, field) for field in fields])
        values += results
        self.scope = outer

        def make(parts: list[ast.expr]) -> ast.expr:
            generators = [build(parts) for build in builds]
            made: ast.expr = changed(node, generators=generators)
            for field, value in zip(fields, elements(parts[first:]), strict=True):
                setattr(made, field, value)
            return made

        lazy = isinstance(node, ast.GeneratorExp)
        paused = any(generator.is_async for generator in node.generators)
        repeated = lazy or paused or any(value.flips for value in values[1:])
        apart = repeated and any(value.pending for value in values)
        return combined(values, make, flips=paused, fixed=apart)

    _SetComp = _DictComp = _GeneratorExp = _ListComp

    @staticmethod
    def _generator(
        generator: ast.comprehension, start: int, build: Build, targets: int
    ) -> Callable[[list[ast.expr]], ast.comprehension]:
        def make(parts: list[ast.expr]) -> ast.comprehension:
            middle = start + 1 + targets
            return changed(
                generator,
                iter=parts[start],
                target=build(parts[start + 1 : middle]),
                ifs=parts[middle : middle + len(generator.ifs)],
            )

        return make

    def _Await(self, node: ast.Await | ast.Yield) -> Value:
        if node.value is None:
            return Value(node, flips=True)
        return combined([self.value(node.value)], lambda parts: changed(node, value=parts[0]), flips=True)

    _Yield = _Await

    def _YieldFrom(self, node: ast.YieldFrom) -> Value:
        return combined([self.iterated(node.value)], lambda parts: changed(node, value=parts[0]), flips=True)
