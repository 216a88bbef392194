# SPDX-License-Identifier: MIT
"""random."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Op, Subject, each, filled, floats, numbers, op, shared, small

_positive = st.sampled_from([0.5, 1.0, 2.0, 9.5])


def _draws() -> tuple[Op, ...]:
    return (
        *each("random getrandbits", *()),
        op("getrandbits", small),
        op("randbytes", small),
        op("randrange", numbers),
        op("randrange", numbers, numbers, small),
        op("randint", numbers, numbers),
        op("choice", filled),
        op("choices", filled, k=small),
        op("choices", filled, weights=st.lists(small, min_size=1, max_size=8), k=small),
        op("shuffle", filled),
        op("sample", filled, small),
        op("sample", st.just(range(2000)), small),
        op("uniform", floats, floats),
        op("triangular", floats, floats),
        op("gauss", floats, _positive),
        op("normalvariate", floats, _positive),
        op("lognormvariate", floats, _positive),
        op("vonmisesvariate", floats, _positive),
        op("gammavariate", _positive, _positive),
        op("betavariate", _positive, _positive),
        op("expovariate", _positive),
        op("paretovariate", _positive),
        op("weibullvariate", _positive, _positive),
        op("binomialvariate", numbers, st.sampled_from([0.1, 0.5, 0.9])),
        op("seed", scalars_for_seed),
        op(lambda random: random.setstate(random.getstate())),
    )


scalars_for_seed = st.sampled_from([None, 1, 2.5, "text", b"bytes"])

SUBJECT = Subject(
    "random",
    calls=(
        *_draws(),
        op(lambda random, seed: random.Random(seed).gauss(), scalars_for_seed),
        op(lambda random: random.SystemRandom().randbytes(3)),
        op(lambda random: random.SystemRandom().choice("abc")),
    ),
    objects=(
        shared(
            "Random",
            lambda random: random.Random(1),
            *_draws(),
            promised="`random()` is thread-safe, `gauss()` is told not to be",
        ),
        shared("SystemRandom", lambda random: random.SystemRandom(), *_draws()[:12]),
    ),
    tests=("test.test_random",),
)
