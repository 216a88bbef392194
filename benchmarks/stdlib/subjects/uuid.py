# SPDX-License-Identifier: MIT
"""uuid."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, shared

SUBJECT = Subject(
    "uuid",
    calls=(
        *each("uuid1 uuid4 getnode uuid7 uuid6"),
        op("uuid1", st.just(5), st.just(3)),
        *each("uuid3 uuid5", st.builds(lambda: __import__("uuid").NAMESPACE_DNS), names),
        op(lambda uuid: setattr(uuid, "_node", None)),
        op(lambda uuid: setattr(uuid, "_generate_time_safe", None)),
        op(
            lambda uuid: [
                str(uuid.UUID(int=1)),
                uuid.UUID(bytes=b"x" * 16).fields,
                uuid.UUID(hex="0" * 32, version=4).urn,
            ]
        ),
        op(lambda uuid: uuid.UUID(fields=(1, 2, 3, 4, 5, 6)).__reduce_ex__(2)),
        op(
            lambda uuid: [
                uuid.UUID(bytes_le=b"x" * 16).time,
                uuid.UUID(int=2).variant,
                uuid.UUID(int=3) < uuid.UUID(int=4),
            ]
        ),
        op(lambda uuid: uuid.UUID(int=2).__setstate__({"int": 3})),
        op(lambda uuid: [getter() for getter in uuid._GETTERS]),
        op(lambda uuid: uuid._random_getnode()),
    ),
    objects=(
        shared(
            "UUID",
            lambda uuid: uuid.UUID(int=7),
            op(str),
            op(hash),
            op(repr),
            op(lambda one: one.fields),
            promised="UUIDs are immutable",
        ),
    ),
    tests=("test.test_uuid",),
)
