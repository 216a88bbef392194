# SPDX-License-Identifier: MIT
"""string."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, dicts, numbers, op, shared, text

_templates = st.sampled_from(["$a ${b}", "$$", "$", "${c", "x $a_b"])
_formats = st.sampled_from(["{} {}", "{a!r:>{b}}", "{0.x}", "{0[a]}", "{", "{:x}", "{a} {}"])


def _template(string):
    class Fresh(string.Template):
        delimiter = "%"

    return Fresh("%a %%").safe_substitute(a=1), Fresh("%a").get_identifiers()


SUBJECT = Subject(
    "string",
    calls=(
        op("capwords", text),
        op(lambda string, text, values: string.Template(text).substitute(values), _templates, dicts),
        op(lambda string, text, values: string.Template(text).safe_substitute(values), _templates, dicts),
        op(
            lambda string, text: [string.Template(text).is_valid(), string.Template(text).get_identifiers()], _templates
        ),
        op(lambda string, text: string.Formatter().format(text, 1, 2, a=3, b=4), _formats),
        op(lambda string, text: string.Formatter().vformat(text, [1], {"a": 1}), _formats),
        op(_template),
    ),
    objects=(
        shared(
            "Formatter",
            lambda string: string.Formatter(),
            op("format", _formats, numbers, a=numbers),
            op("parse", _formats),
        ),
        shared(
            "Template", lambda string: string.Template("$a $b"), op("substitute", dicts), op("safe_substitute", dicts)
        ),
    ),
    tests=("test.test_string",),
)
