# SPDX-License-Identifier: MIT
"""textwrap."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, flags, numbers, op, shared, small, text

SUBJECT = Subject(
    "textwrap",
    calls=(
        *each("wrap fill dedent", text),
        op("wrap", text, st.just(10), max_lines=small, break_on_hyphens=flags),
        op("shorten", text, numbers),
        op("indent", text, st.just("> ")),
        op("indent", text, st.just("> "), st.just(lambda line: True)),
    ),
    objects=(
        shared(
            "TextWrapper", lambda textwrap: textwrap.TextWrapper(12, max_lines=3), op("wrap", text), op("fill", text)
        ),
    ),
    tests=("test.test_textwrap",),
)
