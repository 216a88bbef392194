# SPDX-License-Identifier: MIT
"""statistics."""

import copy

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, floats, op, shared, small

_data = st.lists(st.sampled_from([1, 2, 2.5, 4, 7]), min_size=2, max_size=8)

_kernels = st.sampled_from(
    [
        "normal",
        "logistic",
        "sigmoid",
        "rectangular",
        "triangular",
        "parabolic",
        "quartic",
        "triweight",
        "cosine",
        "none",
    ]
)

SUBJECT = Subject(
    "statistics",
    blocked=("_statistics",),
    calls=(
        *each(
            "mean fmean geometric_mean harmonic_mean median median_low median_high median_grouped mode multimode"
            " quantiles pstdev pvariance stdev variance",
            _data,
        ),
        op(lambda s, x: s.covariance(x, x), _data),
        op(lambda s, x: s.correlation(x, x, method="ranked"), _data),
        op(lambda s, x: s.linear_regression(x, x), _data),
        op(lambda s, x: s.linear_regression(x, x, proportional=True), _data),
        op(
            lambda s, x, kernel: s.kde(x, 1.0, kernel)(2.0),
            _data,
            _kernels,
        ),
        op(lambda s, x, kernel: s.kde_random(x, 1.0, kernel, seed=1)(), _data, _kernels),
        op(lambda s, x: s.quantiles(x, n=5, method="inclusive"), _data),
        op(lambda s, x: s.NormalDist.from_samples(x).overlap(s.NormalDist()), _data),
        op(lambda s: [s.NormalDist(1, 2).inv_cdf(0.3), s.NormalDist().quantiles(3), s.NormalDist().samples(2, seed=1)]),
        op(lambda s: [s.NormalDist() + s.NormalDist(), s.NormalDist() * 2, -s.NormalDist(), hash(s.NormalDist())]),
        op(lambda s, x: s.fmean(x, weights=x), _data),
        op(lambda s, x: s.fmean(iter(x)), _data),
        op(lambda s, x, kernel: s.kde(x, 1.0, kernel, cumulative=True)(2.0), _data, _kernels),
        op(lambda s: copy.copy(s.NormalDist(1, 2))),
        op(lambda s, x: s.harmonic_mean(x, weights=x), _data),
    ),
    objects=(
        shared(
            "NormalDist",
            lambda s: s.NormalDist(1, 2),
            *each("pdf cdf zscore", floats),
            op("samples", small),
            op("inv_cdf", st.just(0.4)),
            op(lambda one: [one.mean, one.stdev, one.variance, hash(one), repr(one)]),
            promised="normal distributions are immutable",
        ),
    ),
)
