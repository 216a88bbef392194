# SPDX-License-Identifier: MIT
"""Drives one module from several threads: the process that is audited.

``python -m benchmarks.stdlib.driver STEM KIND OUT``, where KIND is one of `KINDS`: ``module``, each thread calls the
module with arguments of its own; ``object``, the threads share objects that are not made for it, and ``promised``,
objects of which the documentation says that they are. What was reached is written to OUT.

Hypothesis draws what the threads do, always the same. Threads of one example begin together, at a barrier, and are
joined before the next one: accesses of two examples are in order.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import itertools
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.machinery import FrozenImporter
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.stdlib import reach, subjects
from benchmarks.stdlib.subject import Call, Op, Shared, Subject

MODULE, OBJECT, PROMISED = KINDS = ("module", "object", "promised")
HUNG = 15.0
"""Seconds after which threads that have not come back will not."""
HUNG_STATUS = 70
_CHUNK = 6  # pairs of calls that one example draws: Hypothesis bounds what an example may draw in all

Script = Sequence[Call]


def settled(examples: int) -> settings:
    """Hypothesis' settings: the same examples each time, and no opinion about them."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def load(subject: Subject) -> ModuleType:
    """The module, imported in such a way that it is the one written in Python and its own level is audited."""
    hidden = {name: sys.modules.get(name) for name in subject.blocked}
    finders = sys.meta_path[:]
    sys.meta_path[:] = [finder for finder in finders if finder is not FrozenImporter]  # those have no source to rewrite
    for name in [name for name in sys.modules if name == subject.module or name.startswith(f"{subject.module}.")]:
        if subject.fresh:
            del sys.modules[name]
    sys.modules.update(dict.fromkeys(subject.blocked))  # type: ignore[arg-type]
    try:
        module = importlib.import_module(subject.module)
        for name in reach.modules_of(subject):  # all of them now, not by a thread later on
            with contextlib.suppress(ImportError, SystemExit):  # not every system has it
                importlib.import_module(name)
        return module
    finally:
        sys.meta_path[:] = finders
        for name, before in hidden.items():
            if before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = before


class Driver:
    """Runs scripts on threads, and counts what came of it.

    Attributes:
        lines: What ran.
        errors: How often an operation raised what, by ``operation: exception``.
        runs: How many examples ran.

    Args:
        lines: What ran.
        target: Where to write all that.
    """

    def __init__(self, lines: reach.Lines, target: Path) -> None:
        self.lines = lines
        self._target = target
        self.errors: Counter[str] = Counter()
        self.runs = 0

    def together(self, scripts: Sequence[Script], receiver: Any) -> None:
        """Run each script on a thread."""
        self.runs += 1
        self.lines.next_round()
        barrier = threading.Barrier(len(scripts))
        now: list[str] = [""] * len(scripts)
        errors: list[list[str]] = [[] for _ in scripts]

        def work(number: int) -> None:
            self.lines.begin()
            barrier.wait()
            for call in scripts[number]:
                now[number] = call.op.name
                try:
                    call.make(receiver)
                except (Exception, SystemExit) as error:
                    errors[number].append(f"{call.op.name}: {type(error).__name__}: {error}"[:120])
            self.lines.end()
            now[number] = ""

        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(len(scripts))]
        for thread in threads:
            thread.start()
        until = time.monotonic() + HUNG
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self.errors.update(itertools.chain(*errors))
        if hung := [name for name in now if name]:
            self.errors.update(f"{name}: hung" for name in hung)
            self.write(hung=True)
            os._exit(HUNG_STATUS)  # at once: what hangs may be busy

    def write(self, hung: bool = False) -> None:
        """Write what came of it."""
        found = {
            "reached": self.lines.reached(),
            "errors": dict(self.errors.most_common(60)),
            "runs": self.runs,
            "hung": [error for error in self.errors if error.endswith(": hung")] if hung else [],
        }
        self._target.write_text(json.dumps(found), encoding="utf-8")

    def drive(self, ops: Sequence[Op], examples: int, receiver: Callable[[], Any], done: Any = None) -> None:
        """Do each operation on two threads alike, each pair if there are few, and then whatever is drawn."""

        def run(scripts: Sequence[Script]) -> None:
            what = receiver()
            try:
                self.together(scripts, what)
            finally:
                if done is not None:
                    done(what)

        for first in range(0, len(ops), _CHUNK):

            @settled(4)
            @given(st.tuples(*(st.lists(one.calls(), min_size=1, max_size=3) for one in ops[first : first + _CHUNK])))
            def alike(drawn: tuple[Script, ...]) -> None:
                for script in drawn:
                    run([script, copied(script)])

            alike()

        pairs = list(itertools.combinations(ops, 2)) if len(ops) <= 12 and done is None else []
        for first in range(0, len(pairs), _CHUNK):
            chunk = pairs[first : first + _CHUNK]

            @settled(1)
            @given(st.tuples(*(st.tuples(one.calls(), other.calls()) for one, other in chunk)))
            def different(drawn: tuple[tuple[Call, Call], ...]) -> None:
                for calls in drawn:
                    run([[call] for call in calls])

            different()

        @settled(examples)
        @given(
            st.lists(st.lists(st.sampled_from(ops).flatmap(Op.calls), min_size=1, max_size=6), min_size=2, max_size=4)
        )
        def mixed(scripts: list[Script]) -> None:
            run(scripts)

        mixed()


def copied(script: Script) -> Script:
    """The same calls, with arguments that are equal and not the same; without those that nobody can copy."""
    found = []
    for call in script:
        with contextlib.suppress(Exception):
            found.append(Call(call.op, copy.deepcopy(call.arguments), copy.deepcopy(call.keywords)))
    return found


def shared_objects(subject: Subject, kind: str) -> list[Shared]:
    """The objects of the subject that are of this kind."""
    return [one for one in subject.objects if bool(one.promised) == (kind == PROMISED)]


def kinds_of(subject: Subject) -> list[str]:
    """The kinds of sharing that the subject has anything for."""
    return [kind for kind in KINDS if (subject.calls if kind == MODULE else shared_objects(subject, kind))]


def main(stem: str, kind: str, out: str, examples: str = "") -> None:
    """Be the process of one module and one kind of sharing."""
    subject = subjects.load(stem)
    target = Path(out).absolute()
    count = int(examples) if examples else subject.examples
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder
        os.chdir(folder)
        tempfile.tempdir = folder
        module = load(subject)
        driver = Driver(reach.Lines(reach.files_of(subject)), target)
        with driver.lines:
            if kind == MODULE:
                driver.drive(subject.calls, count, lambda: module)
            for one in shared_objects(subject, kind) if kind != MODULE else ():
                driver.drive(one.ops, count, lambda one=one: one.make(module), one.done)  # type: ignore[misc]
        driver.write()
        os.chdir("/")


if __name__ == "__main__":
    main(*sys.argv[1:])
