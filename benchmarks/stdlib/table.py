# SPDX-License-Identifier: MIT
"""Writes docs/stdlib-audit.md from what is known of each module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.stdlib import audits, driver, known, subjects
from benchmarks.stdlib.known import CONTRACT, FALSE, HARMLESS, TRUE, UNJUDGED, Known

DOCS = audits.ROOT / "docs"
PAGE = DOCS / "stdlib-audit.md"
REPRODUCERS = DOCS / "stdlib-audit"
ENOUGH = 0.5
"""The share of the writing lines that has to have run on two threads for a module to be called clean."""
ISSUE = "https://github.com/python/cpython/issues/"
UNSAFE = ("unprotected", "ordered by luck")
HOW_SHARED = {
    driver.MODULE: "each thread calls the module with arguments of its own",
    driver.OBJECT: "the threads share an object",
    driver.PROMISED: "the threads share an object that is made for it",
    audits.TESTS: "CPython's own tests",
}

Json = dict[str, Any]
Judged = tuple[Known, list[Json]]


def judged(result: Json) -> dict[str, list[Judged]]:
    """The races of a module by verdict, those with the same entry together."""
    found: dict[str, dict[Known, list[Json]]] = {verdict: {} for verdict in known.VERDICTS}
    for race in result["races"]:
        verdict, entry = known.judge(result["module"], race)
        found[verdict].setdefault(entry, []).append(race)
    for entry in known.by_hand(result["module"]):
        found[entry.verdict].setdefault(entry, [])
    order = [*known.entries(), known.BY_DEFAULT, known.NOT_JUDGED]
    return {
        verdict: sorted(entries.items(), key=lambda item: order.index(item[0])) for verdict, entries in found.items()
    }


def share(result: Json) -> float:
    """The share of the lines that write which ran on two threads."""
    return result["reached"] / result["lines"] if result["lines"] else 1.0


def verdict_on(result: Json) -> str:
    """The last column."""
    by_verdict = judged(result)
    if by_verdict[TRUE]:
        return "**races**"
    if by_verdict[UNJUDGED]:
        return "not judged yet"
    if any(not ended(kind, answer) for kind, answer in result["runs"].items()):
        return "the run did not end"
    if share(result) < ENOUGH:
        return "not enough reached"
    if by_verdict[HARMLESS]:
        return "harmless only"
    return "clean" if not result["races"] else "by contract only"


def title_of(result: Json) -> str:
    """What the module is called."""
    return subjects.load(subjects.stem_of(result["module"])).title


def ended(kind: str, answer: Json) -> bool:
    """Did a run do all that it was to do, as far as the module is concerned?

    That a thread hangs which shares an object that nobody made for it is a result like any other.
    """
    return (
        kind == audits.TESTS or audits.came_to_its_end(answer) or (kind == driver.OBJECT and bool(answer.get("hung")))
    )


def state_of(result: Json) -> str:
    """What is shared through the module itself."""
    parts = []
    for one in result["state"]:
        if one["state"] == "handed over":  # by an object that the thread itself has made
            continue
        name = one["variable"].removeprefix(f"{result['module']}.")
        parts.append(f"`{name}`" + (f" ({one['state']})" if one["state"] not in UNSAFE else ""))
    return shortened(parts, 6) or "nothing that is written"


def shortened(parts: list[str], most: int) -> str:
    """The first of them, and how many more there are."""
    return ", ".join(parts[:most]) + (f", {len(parts) - most} more" if len(parts) > most else "")


def races_of(result: Json, *sharings: str) -> str:
    """How many races of each verdict."""
    counts: Counter[str] = Counter()
    for verdict, entries in judged(result).items():
        counts[verdict] += sum(race["sharing"] in sharings for _, races in entries for race in races)
    words = {TRUE: "true", HARMLESS: "harmless", CONTRACT: "by contract", FALSE: "false alarm", UNJUDGED: "not judged"}
    return ", ".join(f"{counts[verdict]} {word}" for verdict, word in words.items() if counts[verdict]) or "-"


def tests_of(result: Json) -> str:
    """How many of CPython's tests ran."""
    subject = subjects.load(subjects.stem_of(result["module"]))
    if not subject.tests:
        return "-"
    run = result["runs"].get(audits.TESTS)
    if run is None:
        return "not run"
    if run.get("missing") == list(subject.tests):
        return "absent"
    text = f"{run.get('ran', 0)}"
    found = races_of(result, audits.TESTS)
    if found != "-":
        text += f": {found}"
    if run.get("failed"):
        text += f"; {len(run['failed'])} failed"
    if run.get("left"):
        text += f"; {run['left']} left out"
    if not audits.came_to_its_end(run):
        text += "; did not end"
    return text


def upstream_of(result: Json) -> str:
    """The issues of CPython about its true races."""
    entries = judged(result)[TRUE]
    if not entries:
        return "-"
    numbers = sorted({number for entry, _ in entries for number in entry.upstream}, key=str)
    text = ", ".join(issue(number) for number in numbers)
    new = len({entry.reproducer for entry, _ in entries if not entry.upstream})
    return ", ".join(filter(None, [text, f"none found for {new}" if new and numbers else "none found" if new else ""]))


def issue(number: int | str) -> str:
    """A link to an issue."""
    if isinstance(number, str):
        return f"[{number}](https://bugs.python.org/issue{number.removeprefix('bpo-')})"
    return f"[{number}]({ISSUE}{number})"


def page(results: list[Json]) -> str:
    """The page."""
    return "\n".join([*_head(results), *_table(results), *_details(results), *_reach(results), ""])


def write() -> None:
    """Write it."""
    PAGE.write_text(page(audits.load()), encoding="utf-8")


def _head(results: list[Json]) -> Iterator[str]:
    counts = Counter(verdict_on(result) for result in results)
    pythons = sorted({f"{result['version']}{'t' if result['python'].endswith('t') else ''}" for result in results})
    true = len({entry.reproducer for result in results for entry, _ in judged(result)[TRUE]})
    yield "# The standard library, audited"
    yield ""
    yield (
        f"[`owned audit`](audit.md) on {len(results)} modules of the standard library of CPython {', '.join(pythons)}:"
        f" {true} true races in {counts['**races**']} of them. `python -m benchmarks.stdlib` makes this page anew;"
        " `python -m benchmarks.stdlib queue json` does it for some modules, and keeps the others."
    )
    yield ""
    yield (
        "Where a module has a part in C that replaces what is written in Python, the Python is what is audited. Each"
        " module ran in processes of its own, driven by Hypothesis: two to four threads that begin at a barrier, each"
        " with a list of calls. In one process they **called the module** with arguments of their own: what races there"
        " is what the module keeps for itself, and a race is the module's fault. In another they **shared one object**:"
        " a race there is the module's fault only if its documentation promises, or its purpose implies, that threads"
        " may share such an object; else the caller must lock, *by contract*. Then those of **CPython's own tests**"
        " that use threads in their own process ran, under the same audit: how many, says their column."
    )
    yield ""
    yield (
        "Races for objects that nobody promises anything of are by contract without further looking. Every other one"
        " was looked at by hand. *true*: an update is lost, an answer is wrong, or an exception is raised that"
        " no single thread would see; a program beside this page shows each. *harmless*: a race, but nothing"
        " that a program could see goes wrong. *false alarm*: the audit's mistake. A race is counted once for each"
        " variable and pair of"
        " functions, so that one defect may count several times. **Lines reached** is the share of the lines which"
        " write (to an attribute, a container, a global, as the audit's rewriter understands them) that ran on two"
        " threads of one example, or of one of CPython's tests; what a module does when it is imported is left out. A"
        f" module of which less than {ENOUGH:.0%} were reached is not called clean."
    )
    yield ""


def _table(results: list[Json]) -> Iterator[str]:
    yield (
        "| module | shared through the module itself | races for it | races for an object that is made to be shared |"
        " races for other objects | CPython's tests | lines reached | known upstream | verdict |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for result in results:
        promised = races_of(result, driver.PROMISED) if driver.PROMISED in result["runs"] else ""
        cells = (
            f"`{title_of(result)}`",
            state_of(result),
            races_of(result, driver.MODULE) if driver.MODULE in result["runs"] else "",
            promised,
            races_of(result, driver.OBJECT) if driver.OBJECT in result["runs"] else "",
            tests_of(result),
            f"{result['reached']} of {result['lines']}, {share(result):.0%}",
            upstream_of(result),
            verdict_on(result),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _details(results: list[Json]) -> Iterator[str]:
    titles = {
        TRUE: (
            "True races",
            "The program that is named shows it on 3.13t with `PYTHON_GIL=0`: it ends with 1 and says what went wrong.",
        ),
        HARMLESS: ("Harmless races", ""),
        CONTRACT: (
            "By contract",
            "Races for what is not an object of its own, or found in tests. The others are in the results only.",
        ),
        FALSE: ("False alarms", "The audit's own mistakes."),
        UNJUDGED: ("Not judged yet", ""),
    }
    for verdict, (title, words) in titles.items():
        lines: list[str] = []
        for result in results:
            for entry, races in judged(result)[verdict]:
                if entry is not known.BY_DEFAULT:
                    lines += _entry(result["module"], entry, races, verdict)
        if lines:
            yield f"## {title}"
            yield ""
            if words:
                yield words
                yield ""
            yield from lines
            yield ""


def _entry(module: str, entry: Known, races: list[Json], verdict: str) -> Iterator[str]:
    if verdict == UNJUDGED:
        for race in races:
            yield f"- `{module}`: {_race(race)}"
        return
    variables = shortened(sorted({f"`{race['variable']}`" for race in races}), 4) or f"`{entry.variable}`"
    functions = shortened(sorted({f"`{name}`" for race in races for name in race["functions"]}), 4)
    text = f"- `{module}`: {variables}{f' in {functions}' if functions else ', found by hand'}. {entry.why}"
    if verdict == TRUE:
        known_as = ", ".join(map(issue, entry.upstream))
        text += f" Known upstream: {known_as}." if known_as else " No issue found upstream."
        text += f" Shown by [`{entry.reproducer}`](stdlib-audit/{entry.reproducer})."
    yield text


def _race(race: Json) -> str:
    functions = " and ".join(f"`{name}`" for name in race["functions"])
    return f"{race['certainty']}, `{race['variable']}` in {functions}; {HOW_SHARED[race['sharing']]}"


def _reach(results: list[Json]) -> Iterator[str]:
    yield "## What was not reached"
    yield ""
    yield (
        "Lines that write, by module, where less than"
        f" {ENOUGH:.0%} of them were reached, and what was left out of the count or of the run:"
    )
    yield ""
    for result in results:
        subject = subjects.load(subjects.stem_of(result["module"]))
        notes = [f"`{name}` is left out: {why}" for name, why in subject.left_out.items()]
        if subject.note:
            notes.append(subject.note)
        for kind, answer in result["runs"].items():
            if kind != audits.TESTS and answer.get("hung"):
                notes.append(f"a run ended early, as threads hung: {HOW_SHARED[kind]}")
        if share(result) < ENOUGH:
            by_module = Counter(line.rpartition(":")[0] for line in result["unreached"])
            notes.append(
                "not reached: " + ", ".join(f"{count} lines of `{name}`" for name, count in by_module.most_common(5))
            )
        if notes:
            yield f"- `{result['module']}`: {'; '.join(notes)}."
    yield ""
