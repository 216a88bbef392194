# SPDX-License-Identifier: MIT
"""tokenize."""

import io

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, op, own, shared, words

_sources = st.sampled_from(
    [
        "a = 1\n",
        "def f(x):\n    return f'{x!r:>3}' # c\n",
        "(\n1,\n)\n",
        "'''a\nb'''\n",
        "x = (",
        "\tif a:\n  b\n",
        "a \\\n b\n",
    ]
)


def _whole(tokenize, source):
    return tokenize.untokenize(tokenize.generate_tokens(io.StringIO(source).readline))


def _pairs(tokenize, source):
    found = tokenize.tokenize(io.BytesIO(source.encode()).readline)
    return tokenize.untokenize([token[:2] for token in found])


def _open(tokenize, source):
    own("source.py").write_text(f"# coding: latin-1\n{source}")
    with tokenize.open(own("source.py")) as file:
        return file.read()


SUBJECT = Subject(
    "tokenize",
    calls=(
        op(_whole, _sources),
        op(_pairs, _sources),
        op(_open, _sources),
        op(lambda tokenize, data: tokenize.detect_encoding(io.BytesIO(data).readline), data),
        op(lambda tokenize: tokenize.detect_encoding(io.BytesIO(b"# -*- coding: nonsense -*-\n").readline)),
        op("group", words, words),
    ),
    objects=(
        shared(
            "Untokenizer",
            lambda tokenize: tokenize.Untokenizer(),
            op(lambda one: one.untokenize([(1, "a", (1, 0), (1, 1), "a"), (4, "\n", (1, 1), (1, 2), "a\n")])),
            op(lambda one: one.compat((1, "a"), iter([(1, "b")]))),
            op("add_whitespace", st.just((1, 3))),
        ),
    ),
    tests=("test.test_tokenize",),
)
