# SPDX-License-Identifier: MIT
"""dbm.dumb, and dbm around it."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, each, op, own, shared


def _whole(dumb):
    with dumb.open(str(own("base")), "c") as base:
        base[b"a"] = b"1" * 600
        base["a"] = "2"
        del base["a"]
        base.sync()
        return list(base), len(base), base.keys(), base.items(), base.get("x")


def _through(dumb):
    import dbm

    with dbm.open(str(own("through")), "n") as base:
        base["a"] = "1"
    return dbm.whichdb(str(own("through")))


_keys = st.sampled_from([b"a", b"b", b"c"])

SUBJECT = Subject(
    "dbm.dumb",
    files=("dbm",),
    calls=(op(_whole), op(_through)),
    objects=(
        shared(
            "dumb.open()",
            lambda dumb: dumb.open(str(own("shared")), "n"),
            op(lambda base, key, value: base.__setitem__(key, value), _keys, data),
            op(lambda base, key: base[key], _keys),
            op(lambda base, key: base.__delitem__(key), _keys),
            op(lambda base, key: key in base, _keys),
            *each("sync keys items"),
            op(len),
            done=lambda base: base.close(),
        ),
    ),
    tests=("test.test_dbm_dumb",),
)
