# SPDX-License-Identifier: MIT
"""json, the coder in Python."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, flags, op, shared, trees

_texts = st.sampled_from(['{"a": [1, 2.5, null]}', '"\\u00e9\\n"', "[1, {}, []]", "{bad", "[1,", "true", "-1e3"])
_options = {"ensure_ascii": flags, "sort_keys": flags, "indent": st.sampled_from([None, 0, 2])}

SUBJECT = Subject(
    "json",
    blocked=("_json",),
    left_out={"json.tool": "a command", "json.__main__": "a command"},
    calls=(
        op("dumps", trees, **_options),
        op("loads", _texts),
        op(lambda json, text: json.loads(text, object_pairs_hook=list, parse_float=str), _texts),
        op(lambda json, text: json.loads(text.encode("utf-16")), _texts),
        op(lambda json, tree: json.JSONEncoder(separators=(",", ":")).iterencode(tree), trees),
        op(lambda json: json.dumps({1: object(), None: float("nan")}, default=repr)),
    ),
    objects=(
        shared("JSONEncoder", lambda json: json.JSONEncoder(indent=1), op("encode", trees), op("iterencode", trees)),
        shared("JSONDecoder", lambda json: json.JSONDecoder(), op("decode", _texts), op("raw_decode", _texts)),
    ),
    tests=("test.test_json",),
)
