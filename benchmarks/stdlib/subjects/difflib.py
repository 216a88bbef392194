# SPDX-License-Identifier: MIT
"""difflib."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, op, shared, strings, text, words

_texts = st.lists(st.sampled_from(["a\n", "b\n", "? c\n", "one two\n", "one  twoo\n"]), max_size=7)

SUBJECT = Subject(
    "difflib",
    calls=(
        *each("unified_diff context_diff ndiff", _texts, _texts),
        op(lambda difflib, a, b: list(difflib.restore(difflib.ndiff(a, b), 1)), _texts, _texts),
        op("get_close_matches", words, strings),
        op(lambda difflib, a, b: difflib.HtmlDiff(wrapcolumn=4).make_file(a, b, context=True), _texts, _texts),
        op(lambda difflib, a, b: difflib.HtmlDiff().make_table(a, b), _texts, _texts),
        op(lambda difflib, a, b: difflib.SequenceMatcher(None, a, b).ratio(), text, text),
        op(lambda difflib, a: difflib.SequenceMatcher(lambda x: x == " ", a * 60, a).get_opcodes(), text),
        op(lambda d, a, b: list(d.diff_bytes(d.unified_diff, [b"a"], [b"b"])), _texts, _texts),
    ),
    objects=(
        shared(
            "SequenceMatcher",
            lambda difflib: difflib.SequenceMatcher(None, "abcd ab", "bcda b"),
            *each("set_seq1 set_seq2", text),
            op("set_seqs", text, text),
            *each("get_matching_blocks get_opcodes get_grouped_opcodes ratio quick_ratio real_quick_ratio"),
            op("find_longest_match"),
        ),
        shared("Differ", lambda difflib: difflib.Differ(), op("compare", _texts, _texts)),
        shared("HtmlDiff", lambda difflib: difflib.HtmlDiff(), *each("make_file make_table", _texts, _texts)),
    ),
    tests=("test.test_difflib",),
)
