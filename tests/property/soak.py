# SPDX-License-Identifier: MIT
"""Drive the machine of test_sharing.py for as long as you like: every batch of examples has a seed that runs it again.

    python tests/property/soak.py --minutes 10
    python tests/property/soak.py --seed 17 --batches 1

Exit status 1 and the whole story: an answer that the oracle cannot explain, a thread that stands still (with the
stacks of all), or something left behind (regions, locks, memory). Needs hypothesis, and owned where Python finds it.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
import sysconfig
import threading
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import test_sharing  # noqa: E402
from hypothesis import HealthCheck, Verbosity, seed, settings  # noqa: E402
from hypothesis.stateful import run_state_machine_as_test  # noqa: E402

import owned  # noqa: E402

WARM = 3  # batches before memory is looked at: pools of memory grow at first
PATIENCE = 10  # seconds until what a batch leaves has to be gone
GROWTH = 0.15  # by how much memory may have grown at the end of a run, as a part; 30 MB are always allowed: hypothesis
# keeps what it has made of strategies, which are some thousand objects after a hundred seconds and no more then


def resident() -> int:
    """Bytes of this process in memory; 0 where nobody tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * 4096


def alive() -> tuple[int, int]:
    """Regions and locks that are alive once everything that can be collected is."""
    for _ in range(4):
        gc.collect()
    stats = owned.stats()
    return stats.regions, stats.locks


def leftovers() -> str:
    """What is still there of locks and regions, the threads that live, and what holds each of them."""
    lines = [f"threads: {[thread.name for thread in threading.enumerate()]}"]
    kinds = (owned.Lock, owned.RLock, owned.RWLock, owned.Channel, owned.Region)
    for found in [obj for obj in gc.get_objects() if isinstance(obj, kinds)]:
        holders = [type(holder).__qualname__ for holder in gc.get_referrers(found)]
        lines.append(f"{found!r}: {sys.getrefcount(found)} references, by {holders}")
    return "\n".join(lines)


def batch(number: int, examples: int, steps: int) -> None:
    """Run some examples; the seed makes hypothesis draw the same again."""
    machine: Any = seed(number)(type("Sharing", (test_sharing.Sharing,), {}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            test_sharing.Sharing.TestCase.settings,
            max_examples=examples,
            stateful_step_count=steps,
            database=None,
            verbosity=Verbosity.normal,
            suppress_health_check=list(HealthCheck),
        ),
    )


def main() -> int:
    """Run, report; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10, help="how long to go on with new seeds (%(default)s)")
    parser.add_argument("--batches", type=int, default=0, help="stop after so many batches all the same")
    parser.add_argument("--seed", type=int, default=1, help="of the first batch; the next has the next (%(default)s)")
    parser.add_argument("--examples", type=int, default=40, help="in a batch (%(default)s)")
    parser.add_argument("--steps", type=int, default=50, help="in an example (%(default)s)")
    options = parser.parse_args()
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    print(f"Python {platform.python_version()}, {sysconfig.get_platform()}, GIL {'on' if gil else 'off'}", flush=True)

    test_sharing.tally.clear()
    started, number = time.monotonic(), options.seed
    at_first: tuple[int, int] | None = None
    memory: list[int] = []
    problems: list[str] = []
    while not problems:
        try:
            batch(number, options.examples, options.steps)
        except BaseException:
            problems.append(f"seed {number}:\n{traceback.format_exc()}")
            break
        left = alive()
        if at_first is None:
            at_first = left  # what the first batch leaves: this thread's region, caches
        patience = PATIENCE
        while max(left[0] - at_first[0], left[1] - at_first[1]) > 0 and patience > 0:
            time.sleep(1)  # a thread that nobody joins may still be ending
            patience -= 1
            left = alive()
        if not patience:
            problems.append(
                f"seed {number} left (regions, locks) {left}, before it there were {at_first}\n{leftovers()}"
            )
        memory.append(resident())
        seconds = time.monotonic() - started
        print(f"seed {number}: {seconds:.0f} s, {left[0]} regions, {left[1]} locks, {memory[-1] >> 20} MB", flush=True)
        number += 1
        if seconds > options.minutes * 60 or 0 < options.batches <= number - options.seed:
            break
    if len(memory) > WARM and "TSAN_OPTIONS" not in os.environ:  # which keeps notes of all it has seen
        allowed = memory[WARM - 1] * (1 + GROWTH) + (30 << 20)
        if memory[-1] > allowed:
            problems.append(
                f"memory grew from {memory[WARM - 1] >> 20} MB after {WARM} batches to {memory[-1] >> 20} MB"
            )

    print(f"\n{time.monotonic() - started:.0f} s, seeds {options.seed} to {number - 1}")
    for what, count in sorted(test_sharing.tally.items()):
        print(f"{count:>10}  {what}")
    for problem in problems:
        print(problem)
    print("NOT WELL" if problems else "all is well")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
