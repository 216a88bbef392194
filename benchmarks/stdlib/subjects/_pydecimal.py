# SPDX-License-Identifier: MIT
"""decimal, the one in Python."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, op, shared

_numbers = st.sampled_from(["0", "1.5", "-2e3", "Infinity", "NaN", "sNaN", "7", "1e-20"])
_PAIRED = (
    "add subtract multiply divide divide_int remainder remainder_near power compare "
    "max min quantize scaleb logical_and same_quantum"
)
_SINGLE = (
    "sqrt ln log10 exp logb minus plus abs normalize to_integral_exact next_plus "
    "next_minus to_eng_string number_class canonical"
)


def _asked(decimal, name, *values):
    context = decimal.getcontext()
    return getattr(context, name)(*map(decimal.Decimal, values))


def _local(decimal):
    with decimal.localcontext(prec=5) as context:
        context.traps[decimal.Inexact] = False
        context.clear_flags()
        return decimal.Decimal(1) / 3, context.flags[decimal.Inexact]


SUBJECT = Subject(
    "_pydecimal",
    title="decimal",
    calls=(
        *(op(lambda d, a, b, name=name: _asked(d, name, a, b), _numbers, _numbers) for name in _PAIRED.split()),
        *(op(lambda d, a, name=name: _asked(d, name, a), _numbers) for name in _SINGLE.split()),
        op(_local),
        op(lambda d, a: [hash(d.Decimal(a)), str(d.Decimal(a)), repr(d.Decimal(a)), d.Decimal(a).as_tuple()], _numbers),
        op(lambda d, a, spec: format(d.Decimal(a), spec), _numbers, st.sampled_from([".2f", "e", "08.3", ",", "%"])),
        op(lambda d: d.setcontext(d.Context(prec=9))),
        op(lambda d, a: [int(d.Decimal(a)), float(d.Decimal(a)), round(d.Decimal(a), 1)], _numbers),
        op(lambda d: [d.Decimal.from_float(0.1), d.Decimal((0, (1, 2), -1)), d.Context().copy(), repr(d.getcontext())]),
        op(lambda d: d.Decimal("1e400").exp()),
        op(lambda d: d.Context(prec=60).ln(d.Decimal(3))),
    ),
    objects=(
        shared(
            "Decimal",
            lambda d: d.Decimal("1.25"),
            op(lambda one: one + 1),
            op(hash),
            op(str),
            op(lambda one: one.ln()),
            promised="decimals are immutable",
        ),
        shared(
            "Context",
            lambda d: d.Context(prec=5, traps=[]),
            op(lambda context: context.divide(1, 3)),
            op(lambda context, n: setattr(context, "prec", n), st.integers(1, 9)),
            *each("clear_flags clear_traps copy"),
            op(repr),
        ),
        shared(
            "DefaultContext",
            lambda d: d.DefaultContext,
            op(lambda context: __import__("_pydecimal").getcontext().copy()),
            op(lambda context: context.copy()),
            promised="each thread copies it when it begins",
        ),
    ),
)
