# SPDX-License-Identifier: MIT
"""fractions."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, floats, numbers, op, shared

_fraction = st.tuples(numbers, st.integers(1, 9))
_texts = st.sampled_from(["1/3", "-0.5", "1e3", " 7 ", "x", "1_0/3"])

SUBJECT = Subject(
    "fractions",
    calls=(
        op("Fraction", _texts),
        op("Fraction", floats),
        op(lambda f, a, b: [f.Fraction(*a) + f.Fraction(*b), f.Fraction(*a) * f.Fraction(*b)], _fraction, _fraction),
        op(lambda f, a, b: [f.Fraction(*a) / f.Fraction(*b), f.Fraction(*a) // f.Fraction(*b)], _fraction, _fraction),
        op(
            lambda f, a, b: [f.Fraction(*a) % 3, f.Fraction(*a) ** 2, f.Fraction(*a) ** f.Fraction(*b)],
            _fraction,
            _fraction,
        ),
        op(lambda f, a: [round(f.Fraction(*a)), int(f.Fraction(*a)), f.Fraction(*a).limit_denominator(3)], _fraction),
        op(
            lambda f, a, spec: format(f.Fraction(*a), spec), _fraction, st.sampled_from(["", ".3f", "+08.2e", "g", "%"])
        ),
        op(lambda f, a, b: [f.Fraction(*a) < f.Fraction(*b), f.Fraction(*a) == 0.5], _fraction, _fraction),
        op(lambda f, a: [hash(f.Fraction(*a)), repr(f.Fraction(*a)), str(f.Fraction(*a)), +f.Fraction(*a)], _fraction),
        op(lambda f, a: [f.Fraction.from_float(0.5), f.Fraction(*a).__reduce__(), abs(f.Fraction(*a))], _fraction),
    ),
    objects=(
        shared(
            "Fraction",
            lambda f: f.Fraction(7, 3),
            op(lambda one: one + 1),
            op(hash),
            op(repr),
            op(lambda one: one.limit_denominator(2)),
            promised="fractions are immutable",
        ),
    ),
)
