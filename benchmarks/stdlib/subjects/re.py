# SPDX-License-Identifier: MIT
"""re: the cache of patterns, and the compiler."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, op, shared, text

_patterns = st.sampled_from(
    [
        "a",
        "(a|b)+?",
        r"(?P<name>\w+)\s*(?(name)x|y)",
        "[a-z0-9_]{2,3}",
        "(?i:A)(?=b)(?<!c)",
        "(",
        "[^a\\d]$",
        "a*+(?>b)",
        "[\u0100-\u2fff\u3001\U00010000]",
        "(?i)[\u0100-\u2fff]",
        "(?:ab|ac)d",
        "abc*?",
        "x{2,}(?:y)*",
        "é",
    ]
)
_flags = st.sampled_from([0, 2, 8, 64])
_replacements = st.sampled_from(["x", r"<\g<0>>", r"\1", "\\n", r"\g<"])

SUBJECT = Subject(
    "re",
    calls=(
        op("compile", _patterns, _flags),
        *(op(name, _patterns, text) for name in ("match", "fullmatch", "search", "findall", "finditer", "split")),
        op("sub", _patterns, _replacements, text),
        op("subn", _patterns, _replacements, text),
        op("escape", text),
        op("template", _patterns),
        op("purge"),
        op(lambda re, number: re.compile(f"x{{{number}}}"), st.integers(0, 600)),
        op(lambda re: re.Scanner([("a", None), ("b", lambda scanner, token: token)]).scan("abab")),
        op(lambda re: re.compile("(a)[b-d]|x", 128)),
        op(lambda re: re.purge() or [re.compile("y" * number) for number in range(1, 530, 4)]),
    ),
    objects=(
        shared("Scanner", lambda re: re.Scanner([("a", None), ("b", lambda s, token: token)]), op("scan", text)),
        shared("Pattern", lambda re: re.compile("(a)|b"), op("sub", _replacements, text), op("findall", text)),
    ),
    tests=("test.test_re",),
)
