# SPDX-License-Identifier: MIT
"""shlex."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, flags, op, shared, strings, words

_lines = st.sampled_from(['a \'b c\' "d\\"e" # f\n', "x=1;y && z | w", "'unclosed", "a\\", "é  \n b", "source file\n"])


def _read(shlex, line, **options):
    lexer = shlex.shlex(line, **options)
    lexer.push_token("pushed")
    lexer.push_source("more words", "name")
    return list(lexer), lexer.error_leader()


SUBJECT = Subject(
    "shlex",
    calls=(
        op("split", _lines, flags, flags),
        *each("quote", _lines),
        op("join", strings),
        op(_read, _lines, posix=flags, punctuation_chars=flags),
    ),
    objects=(
        shared(
            "shlex",
            lambda shlex: shlex.shlex("a b 'c d' e f " * 5, posix=True),
            op("get_token"),
            op("read_token"),
            op("push_token", words),
            op("push_source", words),
            op("pop_source"),
            op("error_leader"),
            op(lambda lexer: next(lexer)),
        ),
    ),
    tests=("test.test_shlex",),
)
