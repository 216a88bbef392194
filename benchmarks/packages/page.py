# SPDX-License-Identifier: MIT
"""What is kept of the audits, what was judged of it by hand, and the page that is made of both."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from benchmarks.packages.subjects import CHECKOUT, HERE, SUBJECTS, Subject
from benchmarks.packages.suite import AUDITED, FIXED, PLAIN

RESULTS = CHECKOUT / "benchmarks" / "results"
PAGE = CHECKOUT / "docs" / "package-audits.md"

TRUE, HARMLESS, FALSE = "true", "harmless", "false"
_JUDGEMENTS = (TRUE, HARMLESS, FALSE)

_HEAD = """\
# Three packages audited through their own tests

<!-- Made by `python -m benchmarks.packages`: edit benchmarks/packages instead. -->

Three well-known threaded packages in pure Python, their own test suites under
[`pytest --owned-audit`](audit.md), nothing of theirs edited:

```sh
python -m benchmarks.packages
```

fetches the pinned source distributions, runs the tests of each without us, then audited, then audited with the patches
that mend what was found, and writes this page. Races have a line here for each variable and verdict, however many pairs
of lines showed them. Every one was judged by hand:

- **true**: something goes wrong when the two come close;
- **harmless**: a race, of which nothing wrong can come, or which only the tests have;
- **false**: something orders the two that the audit does not see.
"""


@attrs.frozen
class Verdict:
    """What was judged of races.

    Args:
        package: the name of the package.
        variables: what they are about.
        verdict: true, harmless or false.
        why: in words.
        functions: if any, one of the two accesses is in one of these.
        patch: what mends it: the name of a file in docs/package-audits.
    """

    package: str
    variables: tuple[str, ...] = attrs.field(converter=tuple)
    verdict: str = attrs.field(validator=attrs.validators.in_(_JUDGEMENTS))
    why: str
    functions: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    patch: str = ""

    def covers(self, package: str, race: dict[str, Any]) -> bool:
        """Is this the verdict on a race?"""
        functions = {access["function"] for access in race["accesses"]}
        return (
            package == self.package
            and race["variable"] in self.variables
            and (not self.functions or not functions.isdisjoint(self.functions))
        )


def verdicts() -> list[Verdict]:
    """All that were judged; the first that covers a race counts."""
    with open(HERE / "verdicts.toml", "rb") as file:
        return [Verdict(**entry) for entry in tomllib.load(file)["verdict"]]


def notes() -> dict[str, str]:
    """What else is to be said of a package, by its name."""
    with open(HERE / "verdicts.toml", "rb") as file:
        return {name: " ".join(text.split()) for name, text in tomllib.load(file)["notes"].items()}


def kept(interpreter: str, folder: Path = RESULTS) -> dict[str, Any]:
    """What is known of the audits on an interpreter."""
    path = folder / f"packages-{interpreter}.json"
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"packages": {}}
    return known


def keep(interpreter: str, python: str, name: str, mode: str, told: dict[str, Any], folder: Path = RESULTS) -> None:
    """Keep what a run has told, beside what is known of others; the audits of another version are no longer."""
    path = folder / f"packages-{interpreter}.json"
    known = kept(interpreter, folder) | {"python": python}
    runs, version = known["packages"].get(name, {}), SUBJECTS[name].version
    if runs.get("version") != version:
        runs = {"version": version}
    known["packages"][name] = runs | {mode: told}
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def results(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """What is known, by interpreter."""
    names = [path.stem.removeprefix("packages-") for path in folder.glob("packages-*.json")]
    return {name: kept(name, folder) for name in sorted(names)}


def judged(package: str, race: dict[str, Any], known: list[Verdict]) -> Verdict | None:
    """The verdict on a race."""
    return next((verdict for verdict in known if verdict.covers(package, race)), None)


def complaints(known: dict[str, dict[str, Any]]) -> list[str]:
    """Races that nobody has judged, and true ones that their patches have not mended."""
    told = []
    for interpreter, package, mode, race in _races(known):
        verdict = judged(package, race, verdicts())
        if verdict is None or (mode == FIXED and verdict.verdict == TRUE):
            what = "has no verdict" if verdict is None else "is still there with the patches"
            told.append(f"{package} on {interpreter}, {mode}: {race['variable']} at {_where(race)} {what}")
    return told


def _races(known: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for interpreter, told in known.items():
        for package, runs in told["packages"].items():
            for mode in (AUDITED, FIXED):
                for race in runs.get(mode, {}).get("races", ()):
                    yield interpreter, package, mode, race


def _where(race: dict[str, Any]) -> str:
    return " and ".join(dict.fromkeys(f"{access['file']}:{access['line']}" for access in race["accesses"]))


def written(known: dict[str, dict[str, Any]]) -> str:
    """The page."""
    parts = [_HEAD, _sums(known)]
    parts += [_section(subject, known) for subject in SUBJECTS.values()]
    return "\n".join(parts)


def _sums(known: dict[str, dict[str, Any]]) -> str:
    lines = [
        "| package | CPython | tests that pass, also audited | slower: wall clock, processor | certain, possible races"
        " | true, harmless, false | true ones left with the patches |",
        "|---|---|---|---|---|---|---|",
    ]
    for subject in SUBJECTS.values():
        for told in known.values():
            runs = told["packages"].get(subject.name)
            if runs is None or AUDITED not in runs or PLAIN not in runs:
                continue
            plain, audited = runs[PLAIN], runs[AUDITED]
            certainties = Counter(race["certainty"] for race in audited["races"])
            kinds = _kinds(subject, audited)
            left = _left(subject, runs[FIXED]) if FIXED in runs else "not run"
            cells = [
                f"[{subject.name} {subject.version}](#{subject.name.lower()})",
                told["python"],
                _share(audited["tests"]),
                f"{audited['wall'] / plain['wall']:.2f}, {audited['cpu'] / plain['cpu']:.2f} times",
                f"{certainties['certain']}, {certainties['possible']}",
                ", ".join(str(kinds[kind]) for kind in _JUDGEMENTS),
                left if subject.patches else "-",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "One run each, on two processors that had other work: the ratios are rough. The suites mostly sleep and wait:",
        "processor time says more of what an audit costs. Races are counted by pairs of lines here.",
        "",
    ]
    return "\n".join(lines)


def _share(tests: dict[str, Any]) -> str:
    share = 100 * tests["both"] / tests["plain"]
    return f"{tests['both']} of {tests['plain']} ({share:.1f} %)"


def _left(subject: Subject, fixed: dict[str, Any]) -> str:
    return f"{_kinds(subject, fixed)[TRUE]}; {_share(fixed['tests'])} tests pass"


def _kinds(subject: Subject, run: dict[str, Any]) -> Counter[str]:
    """How many races of each verdict a run has shown."""
    known = verdicts()
    found = (judged(subject.name, race, known) for race in run["races"])
    return Counter("not judged" if verdict is None else verdict.verdict for verdict in found)


def _section(subject: Subject, known: dict[str, dict[str, Any]]) -> str:
    lines = [
        f"({subject.name.lower()})=",
        f"## {subject.name}",
        "",
        f"{subject.about[0].upper()}{subject.about[1:]}.",
        "",
    ]
    rows = _rows(subject, known)
    if rows:
        lines += ["| variable | where | seen on | verdict | why |", "|---|---|---|---|---|", *rows, ""]
    else:
        lines += ["Nothing was found.", ""]
    for name, told in known.items():
        audited = told["packages"].get(subject.name, {}).get(AUDITED)
        if audited is None:
            continue
        states = sorted(audited["exposed"].items(), key=lambda one: -one[1])
        lines.append(f"Map of exposure, {name}: {', '.join(f'{count} {state}' for state, count in states)}.")
        if audited["forgotten"]:
            lines.append(f"Forgotten: {audited['forgotten']} variables.")
        lines.append("")
        if lost := audited.get("tests", {}).get("lost"):
            lines += [f"Passed without us on {name}, and not audited: {', '.join(f'`{test}`' for test in lost)}.", ""]
    if note := notes().get(subject.name):
        lines += [note, ""]
    for patch in subject.patches:
        shown = [f"```{{literalinclude}} package-audits/{patch.name}", ":language: diff", f":caption: {patch.name}"]
        lines += [*shown, "```", ""]
        lines += [f"`docs/package-audits/{patch.stem}.py` shows what goes wrong without it.", ""]
    return "\n".join(lines)


def _rows(subject: Subject, known: dict[str, dict[str, Any]]) -> list[str]:
    """A row for each verdict on this package, with all that it covers."""
    judgements = [verdict for verdict in verdicts() if verdict.package == subject.name]
    found: dict[int, list[tuple[str, str, dict[str, Any]]]] = {number: [] for number in range(len(judgements))}
    unjudged = []
    for interpreter, package, mode, race in _races(known):
        if package != subject.name:
            continue
        for number, verdict in enumerate(judgements):
            if verdict.covers(package, race):
                found[number].append((interpreter, mode, race))
                break
        else:
            unjudged.append((interpreter, mode, race))
    rows = [_row(verdict, found[number]) for number, verdict in enumerate(judgements) if found[number]]
    order = {kind: place for place, kind in enumerate(_JUDGEMENTS)}
    rows.sort(key=lambda row: order[row[0]])
    lines = [f"| {' | '.join(cells)} |" for _, cells in rows]
    lines += [f"| `{race['variable']}` | {_where(race)} | {name} | not judged | |" for name, _, race in unjudged]
    return lines


def _row(verdict: Verdict, found: list[tuple[str, str, dict[str, Any]]]) -> tuple[str, list[str]]:
    counts: dict[str, Counter[str]] = {}
    for interpreter, mode, race in found:
        how = race["certainty"] if mode == AUDITED else "with the patches"
        counts.setdefault(interpreter, Counter())[how] += 1
    seen = [f"{name}: {', '.join(f'{count} {how}' for how, count in told.items())}" for name, told in counts.items()]
    unpatched = [race for _, mode, race in found if mode == AUDITED] or [race for _, _, race in found]
    places = sorted({(access["file"], access["line"]) for race in unpatched for access in race["accesses"]})
    files: dict[str, list[str]] = {}
    for file, line in places:
        files.setdefault(file, []).append(str(line))
    variables = dict.fromkeys(race["variable"] for _, _, race in found)
    why = " ".join(verdict.why.split())
    if verdict.patch:
        why += f" Mended by `{verdict.patch}`."
    cells = [
        ", ".join(f"`{variable}`" for variable in variables),
        "; ".join(f"{file}:{','.join(lines)}" for file, lines in files.items()),
        "; ".join(seen),
        f"**{verdict.verdict}**" if verdict.verdict == TRUE else verdict.verdict,
        why,
    ]
    return verdict.verdict, cells
