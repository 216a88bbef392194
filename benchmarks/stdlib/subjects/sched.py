# SPDX-License-Identifier: MIT
"""sched."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, op, shared, small

PROMISED = "`scheduler` can be safely used in multi-threaded environments"


def _nothing(*args, **kwargs):
    pass


SUBJECT = Subject(
    "sched",
    calls=(op(lambda sched: (made := sched.scheduler(delayfunc=_nothing)).enter(0, 1, _nothing) and made.run()),),
    objects=(
        shared(
            "scheduler",
            lambda sched: sched.scheduler(timefunc=__import__("time").monotonic, delayfunc=lambda delay: None),
            op("enter", st.sampled_from([0, 0.00001]), small, st.just(_nothing)),
            op("enterabs", st.just(0), small, st.just(_nothing), argument=st.just((1,))),
            op("empty"),
            op("run", st.just(False)),
            op("run"),
            op(lambda scheduler: scheduler.queue),
            op(lambda scheduler: scheduler.cancel(scheduler.enter(9, 1, _nothing))),
            op(lambda scheduler: scheduler.cancel(scheduler.queue[0])),
            promised=PROMISED,
        ),
    ),
    tests=("test.test_sched",),
)
