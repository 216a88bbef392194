# SPDX-License-Identifier: MIT
"""How many instructions a statement takes, as valgrind counts them. However busy the machine is, two runs agree within
two percent.

    python -m benchmarks.instructions            count on this interpreter, and write the page anew
    python -m benchmarks.instructions --report   count nothing, write again what is known

Each statement stands twenty times in the body of a loop, whose part is included. Counted are a thousand of these loops
(fewer of what takes long), after some that warm up, in mode ``checked`` unless said. They run in forks of one process:
what a fork itself adds is found out by two forks that run equally many loops, and taken off.

"The check itself" is what remains of a statement with a check less the one without. Freezing is told for each object of
a graph that nobody has seen yet; making it is taken off.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import queue
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs

import owned
from benchmarks.bench_fields import make_class
from benchmarks.bench_graphs import Plain, container, deep_freezers, graph, there_and_back
from benchmarks.harness import HERE, INTERPRETER, REPEATS, environment, statement
from benchmarks.report import version
from benchmarks.subjects import mode_of, wrappers

PLAIN, OWNED = "plain", "owned"
GRAPH = 300  # objects
SQLITE = "sqlite3 check_same_thread"
RESULTS, PAGE = HERE / "results", HERE.parent / "docs" / "performance" / "instructions.md"
Loops = Callable[[int], object]


@attrs.frozen
class Counted:
    """One subject in one row.

    Attributes:
        row: What is counted.
        subject: Who does it: `PLAIN`, `OWNED`, or what stands beside them.
        make: Makes what runs so many loops; called in the process that runs them.
        less: The same for what is taken off.
        mode: The mode it runs in.
        per_loop: How often a loop does what is counted.
        few: The loops that warm up, and that are not counted.
        more: The loops that are.
    """

    row: str
    subject: str
    make: Callable[[], Loops]
    less: Callable[[], Loops] | None = attrs.field(default=None, kw_only=True)
    mode: str = attrs.field(default="checked", kw_only=True)
    per_loop: int = attrs.field(default=REPEATS, kw_only=True)
    few: int = attrs.field(default=200, kw_only=True)
    more: int = attrs.field(default=1000, kw_only=True)


def doing(code: str, *, repeats: int = REPEATS, **makers: Callable[[], Any]) -> Callable[[], Loops]:
    """Loops over `code`, with names for what these make."""
    return lambda: statement(code, {name: make() for name, make in makers.items()}, repeats=repeats)


def guarded_class(*, slots: bool) -> Any:
    return owned.owned(make_class(slots=slots))


# The rows.


def fields() -> Iterator[Counted]:
    """What is done with instances, and their making."""
    statements = {
        "read": "x.a",
        "write": "x.a = 1",
        "method call": "x.nothing()",
        "method with 3 accesses": "x.fields()",
    }
    for kind, slots in {"slots": True, "dict": False}.items():
        makers = {PLAIN: make_class(slots=slots), OWNED: guarded_class(slots=slots)}
        subjects = {PLAIN: (PLAIN, "checked"), OWNED: (OWNED, "checked"), "owned, guard": (OWNED, "guard")}
        for subject, (maker, mode) in subjects.items():
            for what, code in statements.items():
                yield Counted(f"{what}, {kind}", subject, doing(code, x=makers[maker]), mode=mode)
            make = makers[maker]
            yield Counted(f"creation, {kind}", subject, doing("make()", make=lambda make=make: make), mode=mode)


def frozen() -> Iterator[Counted]:
    """Reading what is frozen."""
    for kind, slots in {"slots": True, "dict": False}.items():
        row = f"read, {kind}, frozen"
        yield Counted(row, PLAIN, doing("x.a", x=make_class(slots=slots)))
        for subject, cls in {
            OWNED: guarded_class(slots=slots),
            "frozen, plain class": make_class(slots=slots),
        }.items():
            yield Counted(row, subject, doing("x.a", x=lambda cls=cls: owned.freeze(cls())))


def the_check() -> Iterator[Counted]:
    """What it costs to look whose something is, and nothing else."""
    connections = {check: sqlite3.connect(":memory:", check_same_thread=check) for check in (True, False)}
    fetch = {
        check: doing("x()", x=lambda connection=connection: connection.cursor().fetchone)
        for check, connection in connections.items()
    }
    plain, guarded = make_class(slots=True), guarded_class(slots=True)
    for what, code, ours, bare in (
        ("read, slots", "x.a", guarded, plain),
        ("write, slots", "x.a = 1", guarded, plain),
        ("len() of a List", "len(x)", owned.List, list),
    ):
        row = f"the check itself: {what}"
        yield Counted(row, OWNED, doing(code, x=ours), less=doing(code, x=bare))
        yield Counted(row, SQLITE, fetch[True], less=fetch[False])


def locks_and_queues() -> Iterator[Counted]:
    plain, guarded, lock = make_class(slots=True), guarded_class(slots=True), owned.Lock()
    empty, write = "with lock: pass", "with lock: x.a = 1"
    yield Counted(empty, PLAIN, doing(empty, lock=threading.Lock))
    yield Counted(empty, OWNED, doing(empty, lock=owned.Lock))
    yield Counted(write, PLAIN, doing(write, lock=threading.Lock, x=plain))
    yield Counted(write, OWNED, doing(write, lock=lambda: lock, x=lambda: owned.share(guarded(), lock=lock)))
    for what, make in {"an int": lambda: 5, "a frozen object": lambda: owned.freeze(guarded())}.items():
        for subject, kind in {PLAIN: queue.SimpleQueue[Any], OWNED: owned.Channel[Any]}.items():
            yield Counted(f"put and get, {what}", subject, doing("q.put(x); q.get()", q=kind, x=make))


def wrapped() -> Iterator[Counted]:
    """What is done through wrappers."""
    cls = make_class()
    objects = {"read": "x.a", "write": "x.a = 1", "method call": "x.nothing()"}
    lists = {
        "item of a list": "x[5]",
        "length of a list": "len(x)",
        "store in a list": "x[5] = 5",
        "iteration of 100": "for _ in x: pass",
        "append and pop": "x.append(1); x.pop()",
    }
    for statements, inside, names in ((objects, cls, ("a", "nothing")), (lists, lambda: list(range(100)), dir(list))):
        for what, code in statements.items():
            row, iterated = f"own(): {what}", "for" in code
            repeats = 1 if iterated else REPEATS
            subjects = {PLAIN: lambda x: x, OWNED: owned.own, **wrappers(*names, iterated=iterated)}
            for subject, wrap in subjects.items():
                run = doing(code, x=lambda wrap=wrap, inside=inside: wrap(inside()), repeats=repeats)
                yield Counted(row, subject, run, per_loop=repeats)
    for subject, wrap in {OWNED: owned.own, **wrappers("a", "nothing")}.items():
        yield Counted("own(): creation", subject, doing("wrap(x)", wrap=lambda wrap=wrap: wrap, x=cls))


def freezing() -> Iterator[Counted]:
    """A graph, object by object."""
    for what, record in {"instances": Plain, "containers": container}.items():
        subjects = {OWNED: owned.freeze, **deep_freezers(record is container), "pickle": there_and_back}
        for subject, freeze in subjects.items():

            def making(record: Any = record) -> Loops:
                return statement(f"graph(record, {GRAPH})", {"graph": graph, "record": record}, repeats=1)

            def both(record: Any = record, freeze: Any = freeze) -> Loops:
                names = {"graph": graph, "record": record, "freeze": freeze}
                return statement(f"freeze(graph(record, {GRAPH}))", names, repeats=1)

            row = f"deep freeze, an object of {GRAPH} in {what}"
            yield Counted(row, subject, both, less=making, per_loop=GRAPH, few=2, more=10)


def cases() -> list[Counted]:
    """All of them, each in its row."""
    return [*fields(), *frozen(), *the_check(), *locks_and_queues(), *wrapped(), *freezing()]


# Counting.


def in_fork(make: Callable[[], Loops], mode: str, warm_up: int, loops: int) -> None:
    """Run loops in a process of its own. At its end valgrind says what it took, with what its parent had taken."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if status:
            raise RuntimeError(f"a process that was counted ended with {status}")
        return
    failed = 1
    try:
        with mode_of(mode):
            run = make()
            run(warm_up)
            run(loops)
        failed = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(failed)


def parts(case: Counted) -> list[tuple[int, Callable[[], Loops]]]:
    """What is counted, and what is taken off."""
    return [(1, case.make)] if case.less is None else [(1, case.make), (-1, case.less)]


def run_all() -> None:
    """Inside of valgrind: run each part of each case in three processes."""
    counted = cases()
    gc.collect()
    gc.freeze()
    gc.disable()
    for case in counted:
        for _, make in parts(case):
            for loops in (case.few, case.few, case.few + case.more):
                in_fork(make, case.mode, case.few, loops)


def count() -> dict[str, dict[str, int]]:
    """Instructions, by row and subject."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    done = subprocess.run(
        [*command, sys.executable, "-m", "benchmarks.instructions", "--run"],
        cwd=HERE.parent,
        env=environment() | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stderr)
    totals = [int(total.replace(",", "")) for total in re.findall(r"I +refs: +([\d,]+)", done.stderr)]
    ended = iter(totals)  # one after another, and the process that started them last
    found: dict[str, dict[str, int]] = {}
    for case in cases():
        net = 0
        for sign, _ in parts(case):
            first, second, more = next(ended), next(ended), next(ended)
            net += sign * (more - second - (second - first))
        found.setdefault(case.row, {})[case.subject] = round(net / (case.more * case.per_loop))
    return found


# Keeping and telling.


def page(found: dict[str, dict[str, dict[str, int]]]) -> str:
    """A table for each interpreter."""
    prose = (__doc__ or "").partition("\n\n    python")[0], *(__doc__ or "").split("\n\n")[2:]
    lines = ["# Instructions", "", "\n\n".join(text.replace("``", "`").strip() for text in prose)]
    for interpreter, rows in found.items():
        lines += ["", f"## {interpreter}", "", "| statement | plain | owned | beside |", "| --- | --- | --- | --- |"]
        for row, subjects in rows.items():
            beside = ", ".join(f"{name} {net:,}" for name, net in subjects.items() if name not in (PLAIN, OWNED))
            cells = [f"{subjects[name]:,}" if name in subjects else "" for name in (PLAIN, OWNED)]
            lines.append(f"| {row} | {cells[0]} | {cells[1]} | {beside} |")
    return "\n".join(lines) + "\n"


def write(results: Path, into: Path) -> None:
    """The page of all that is kept."""
    kept = {path.stem.removeprefix("instructions-"): path for path in results.glob("instructions-*.json")}
    found = {name: json.loads(kept[name].read_text(encoding="utf-8")) for name in sorted(kept, key=version)}
    into.write_text(page(found), encoding="utf-8")


def main() -> None:
    """Count and write; or, inside of valgrind, run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.instructions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--report", action="store_true", help="count nothing, write again what is known")
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run_all()
        return
    if not options.report:
        kept = RESULTS / f"instructions-{INTERPRETER}.json"
        kept.write_text(json.dumps(count(), indent=1) + "\n", encoding="utf-8")
    write(RESULTS, PAGE)


if __name__ == "__main__":
    main()
