# SPDX-License-Identifier: MIT
"""Memory that four forked workers copy, when they read a graph of a million objects that was there before the fork.

A page of memory is shared after a fork until somebody writes to it, and reading an object writes its reference count.
Two rows: after each worker has read every record, and after each has collected garbage besides, which every process
does sooner or later. Told are the bytes of all four together that nobody else has (``Private_Dirty`` of
``/proc/<pid>/smaps``), less what there was right after the fork.

The graph is a list of records, each an instance with a list and a dict. ``gc.freeze`` is what is done against it today:
it takes objects out of the collector's sight, not out of reference counting. A page is copied when any object in it is
written to, so small objects that are outside of a frozen graph (the strings' cache, frames) always cost some.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks import forks
from benchmarks.bench_graphs import IMMORTAL
from benchmarks.harness import HERE, Case, Time

QUESTION = "Pages copied after fork"
OBJECTS = 1_000_000
KINDS = ("plain", "plain, gc.freeze", "frozen", "frozen, gc.freeze", "frozen immortal")
STEPS = ("read by 4 forked workers", "read, and garbage collected")


def missing() -> list[str]:
    return (["fork and smaps"] if not forks.available() else []) + ([] if IMMORTAL else ["freeze(immortal=True)"])


def copied(kind: str) -> list[Time]:
    """What the workers copied, for each step; both are of one run."""
    known: list[int] = []

    def after(step: int) -> Time:
        def ask(loops: int) -> float:
            if not known:
                answer = subprocess.run(
                    [sys.executable, "-m", "benchmarks.forks", kind, str(OBJECTS)],
                    check=True,
                    capture_output=True,
                    text=True,
                    cwd=HERE.parent,
                    env=os.environ | {"PYTHONHASHSEED": "0"},
                )
                known.extend(json.loads(answer.stdout))
            return known[step]

        return ask

    return [after(step) for step in range(len(STEPS))]


def cases() -> list[Case]:
    if not forks.available():
        return []
    found = []
    for kind in KINDS:
        if "immortal" in kind and not IMMORTAL:
            continue
        for what, ask in zip(STEPS, copied(kind), strict=True):
            goal = 0.05 if "immortal" in kind else None
            found.append(Case(what, kind, ask, "plain", goal, unit="byte", rounds=1))
    return found
