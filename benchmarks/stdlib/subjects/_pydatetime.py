# SPDX-License-Identifier: MIT
"""datetime, the one in Python."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, numbers, op, shared

_texts = st.sampled_from(
    ["2024-01-02", "2024-01-02T03:04:05.678+01:00", "2024-W01-2", "x", "10:20:30", "10:20:30.123456+01:00", "T1020"]
)


def _made(dt):
    one = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
    return [
        one + dt.timedelta(1, 2, 3),
        one.astimezone(dt.timezone(dt.timedelta(hours=1), "name")),
        one.isoformat(),
        one.strftime("%Y %z %f %%"),
        hash(one),
        one.timetuple(),
        one.replace(year=2025),
        one - one,
        one.__reduce__(),
        one.timestamp(),
        one.date().isocalendar(),
        one.timetz(),
        str(dt.timedelta(days=-1)),
        dt.timedelta(1) / 2,
        hash(dt.timedelta(2)),
        repr(dt.time(1, 2, fold=1)),
    ]


def _copied(dt):
    zone = dt.timezone(dt.timedelta(hours=1))
    for one in (dt.date(2024, 3, 31), dt.time(1, 2, 3, 4, fold=1), dt.datetime(2024, 12, 31, 1, tzinfo=zone, fold=1)):
        kind, arguments, *_ = one.__reduce_ex__(4)
        kind(*arguments), hash(one), repr(one), str(one), one.replace()
    dt.datetime.now(zone), dt.datetime.fromisocalendar(2024, 1, 1), dt.date.fromordinal(738000)
    dt.datetime.combine(dt.date(2024, 1, 1), dt.time(2)), hash(dt.time(1, tzinfo=zone))
    return repr(dt.timedelta(1, 2, 3)), repr(dt.timedelta()), dt.datetime(1, 2, 3, tzinfo=zone).strftime("%:z %Z %z %f")


SUBJECT = Subject(
    "_pydatetime",
    title="datetime",
    calls=(
        op(_made),
        op(_copied),
        *(
            op(lambda dt, text, kind=kind: getattr(dt, kind).fromisoformat(text), _texts)
            for kind in ("date", "time", "datetime")
        ),
        op(lambda dt, text: dt.datetime.strptime(text, "%Y-%m-%d"), _texts),
        op(lambda dt: [dt.date.today(), dt.datetime.now(), dt.datetime.fromtimestamp(0), dt.date.fromordinal(1)]),
        op(lambda dt, n: dt.timedelta(hours=n) // 7, numbers),
    ),
    objects=(
        shared(
            "datetime",
            lambda dt: dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc),
            op(hash),
            op(repr),
            op("isoformat"),
            op(lambda one: one.time()),
            promised="these objects are immutable",
        ),
        shared(
            "timedelta",
            lambda dt: dt.timedelta(1, 2),
            op(hash),
            op(repr),
            op(lambda one: one * 2),
            promised="these objects are immutable",
        ),
    ),
)
