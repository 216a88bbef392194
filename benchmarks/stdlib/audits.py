# SPDX-License-Identifier: MIT
"""Running the processes that are audited, and keeping what they found: results/stdlib/STEM.json, one file per module.

module, python   what was audited, on which interpreter
files            the modules whose lines were counted
lines, reached   how many of their lines write, and how many of these ran on two threads
unreached        the others, as "module:line"
runs             for each process (of `driver.KINDS`, and "tests"): how it ended, examples, errors, seconds
races            what was found: {sharing, certainty, variable, functions, sites, count}; see `races_of`
state            what of the module's own was touched by two threads: {variable, state, writes}
"""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.harness import INTERPRETER
from benchmarks.stdlib import driver, reach, subjects

RESULTS = Path(__file__).parent.parent / "results" / "stdlib"
ROOT = Path(__file__).parents[2]
TESTS = "tests"
TIME_LIMIT = 120
_STDLIB = tuple({os.path.join(os.path.realpath(sysconfig.get_paths()[name]), "") for name in ("stdlib", "platstdlib")})
_ADDRESS = re.compile(r" at 0x[0-9a-f]+|\b0x[0-9a-f]{6,}|\d{3,}")

Json = dict[str, Any]


def run(stem: str, kind: str, examples: int | None, folder: Path) -> Json:
    """One process; what it found in all."""
    subject = subjects.load(stem)
    report, out = folder / f"{stem}-{kind}.json", folder / f"{stem}-{kind}.reached"
    named = [subject.module, *(name for name in subject.files if not name.startswith(f"{subject.module}."))]
    options = [option for name in named for option in ("--include", name, "--stdlib", name)]
    if kind == TESTS:
        program = ["benchmarks.stdlib.cpython", stem, str(out)]
    else:
        program = ["benchmarks.stdlib.driver", stem, kind, str(out), *([] if examples is None else [str(examples)])]
    command = [sys.executable, "-m", "owned", "audit", "-q", *options, "--json", str(report), "-m", *program]
    environment = os.environ | {"PYTHON_GIL": "0"} if sysconfig.get_config_var("Py_GIL_DISABLED") else dict(os.environ)
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment | {"PYTHONHASHSEED": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        text, _ = process.communicate(timeout=TIME_LIMIT)
        status: int | None = process.returncode
    except subprocess.TimeoutExpired:
        process.terminate()  # it reports then
        try:
            text, _ = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            text, _ = process.communicate()
        status = None
    answer, document = read(out), read(report)
    answer |= {"status": status, "seconds": round(time.monotonic() - began, 1), "document": document}
    if "reached" not in answer:
        answer["said"] = text.decode(errors="replace")[-2000:]
    return answer


def came_to_its_end(answer: Json) -> bool:
    """Did a process do all that it was to do? Its status is 1 where there are races."""
    return answer["status"] in (0, 1) and "said" not in answer


def read(file: Path) -> Json:
    """What a process wrote; nothing if it did not come to that."""
    try:
        found: Json = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def audit(stem: str, examples: int | None, with_tests: bool) -> Json:
    """Audit one module, and keep what was found."""
    subject = subjects.load(stem)
    lines = reach.Lines(reach.files_of(subject))
    reached: set[tuple[str, int]] = set()
    races: list[Json] = []
    state: list[Json] = []
    runs: Json = {}
    with tempfile.TemporaryDirectory() as folder:
        kinds = driver.kinds_of(subject) + ([TESTS] if subject.tests and with_tests else [])
        for kind in kinds:
            answer = run(stem, kind, examples, Path(folder))
            reached |= {(name, line) for name, line in answer.pop("reached", ())}
            document = answer.pop("document")
            races += races_of(document, kind)
            if kind == driver.MODULE:
                state = state_of(document)
            runs[kind] = answer
    every = lines.every()
    result = {
        "module": subject.module,
        "python": INTERPRETER,
        "version": ".".join(map(str, sys.version_info[:3])),
        "files": reach.modules_of(subject),
        "lines": len(every),
        "reached": len(reached & set(every)),
        "unreached": [f"{name}:{line}" for name, line in every if (name, line) not in reached],
        "runs": runs,
        "races": races,
        "state": state,
    }
    keep(stem, result)
    return result


def keep(stem: str, result: Json) -> None:
    """Put it in the place of the older one."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = _nowhere(json.dumps(result, indent=1, sort_keys=True))
    (RESULTS / f"{stem}.json").write_text(text + "\n", encoding="utf-8")


def _nowhere(text: str) -> str:
    """Without where on this machine things are."""
    for name, path in (("python", sys.prefix), ("python", sys.base_prefix), ("checkout", str(ROOT))):
        text = text.replace(path, f"<{name}>")
    return text


def load(results: Path = RESULTS) -> list[Json]:
    """What is known of all modules, by their names."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in results.glob("*.json")]
    return sorted(found, key=lambda result: str(result["module"]).lower())


def audit_all(stems: list[str], examples: int | None, with_tests: bool, jobs: int) -> None:
    """Audit these, some at a time, and tell how it goes."""

    def one(stem: str) -> None:
        began = time.monotonic()
        result = audit(stem, examples, with_tests)
        ended = {kind: answer["status"] for kind, answer in result["runs"].items() if not came_to_its_end(answer)}
        print(
            f"{result['module']:20} {result['reached']:4}/{result['lines']:<4} lines, {len(result['races']):3} races,"
            f" {time.monotonic() - began:5.1f} s{f', ended with {ended}' if ended else ''}",
            flush=True,
        )

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, stems))


# ---- what is made of a report


def races_of(document: Json, sharing: str) -> list[Json]:
    """The races of a report, those for one variable in the same two functions as one."""
    found: dict[tuple[str, str, tuple[str, ...]], Json] = {}
    for race in document.get("races", ()):
        accesses = race["accesses"]
        functions = tuple(sorted({where(access) for access in accesses}))
        variable = name_of(race)
        one = found.setdefault(
            (race["certainty"], variable, functions),
            {
                "sharing": sharing,
                "certainty": race["certainty"],
                "variable": variable,
                "functions": list(functions),
                "sites": [],
                "count": 0,
            },
        )
        one["count"] += race["count"]
        for access in accesses:
            if access["stack"]:
                place = access["stack"][0]
                site = [f"{module_of(place['file'])}:{place['line']}", access["kind"], access["source"][:140]]
                if site not in one["sites"]:
                    one["sites"].append(site)
    for one in found.values():
        one["sites"].sort()
    return sorted(found.values(), key=lambda one: (one["variable"], one["functions"], one["certainty"]))


def where(access: Json) -> str:
    """Module and function of an access."""
    if not access["stack"]:
        return "?"
    place = access["stack"][0]
    return f"{module_of(place['file'])}.{place['function']}"


def module_of(file: str) -> str:
    """What a file of the standard library is called when it is imported."""
    if file.startswith("<frozen "):
        return file[len("<frozen ") : -1]
    absolute = os.path.realpath(os.path.join(ROOT, file))
    for folder in _STDLIB:
        if absolute.startswith(folder):
            return absolute[len(folder) :].removesuffix(".py").removesuffix("/__init__").replace(os.sep, ".")
    return os.path.basename(file)


def name_of(race: Json) -> str:
    """The variable in words that are the same in each run: containers are called as the source calls them."""
    if race["kind"] not in ("item", "container"):
        return f"{owner_of(race)}.{race['name']}"
    for access in race["accesses"]:
        if access["stack"] and (called := container_at(access["stack"][0])):
            return f"{called}[]" if race["kind"] == "item" else called
    return f"a {race['owner']}"


def owner_of(variable: Json) -> str:
    """The class, module or function; of a class that a subject or a test derives in a function, only its own name."""
    owner: str = variable["owner"]
    return owner.rpartition(".<locals>.")[2] if owner.startswith(("benchmarks.", "test.")) else owner


def container_at(place: Json) -> str:
    """How the source calls the container that is touched there."""
    file = place["file"] if os.path.isabs(place["file"]) else os.path.join(ROOT, place["file"])
    best: ast.expr | None = None
    for node in _expressions(os.path.realpath(file)).get(place["line"], ()):
        whole = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        if whole == (place["line"], place["column"], place["end_line"], place["end_column"]):
            best = node
    while best is not None:
        if isinstance(best, ast.Call):
            named = best.func
            best = named.value if isinstance(named, ast.Attribute) else best.args[0] if best.args else None
        elif isinstance(best, ast.Subscript):
            best = best.value
        elif isinstance(best, ast.Compare):
            best = best.comparators[0]
        elif isinstance(best, ast.Starred):
            best = best.value
        elif isinstance(best, (ast.Name, ast.Attribute)):
            return ast.unparse(best)
        else:
            break
    return ""


@functools.cache
def _expressions(file: str) -> dict[int, list[ast.expr]]:
    found: dict[int, list[ast.expr]] = {}
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError):
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            found.setdefault(node.lineno, []).append(node)
    return found


def state_of(document: Json) -> list[Json]:
    """What of a module's own two threads touched while each had arguments of its own, and how it was guarded."""
    found: dict[str, Json] = {}
    for one in document.get("exposures", ()):
        if not one["shared"] or one["state"] == "read-shared":
            continue
        if one["kind"] in ("item", "container"):
            made = one["made"]
            if not made or made[0]["function"] != "<module>":
                continue
            name = assigned_at(made[0]) or f"a {one['owner']}"
        else:
            name = f"{owner_of(one)}.{one['name']}"
        found.setdefault(name, {"variable": name, "state": one["state"], "writes": 0})["writes"] += one["writes"]
    return sorted(found.values(), key=lambda one: str(one["variable"]))


def assigned_at(place: Json) -> str:
    """The name of the module's global that is bound to what is made there."""
    file = place["file"] if os.path.isabs(place["file"]) else os.path.join(ROOT, place["file"])
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.lineno <= place["line"] <= (node.end_lineno or 0):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                return f"{module_of(file)}.{target.id}"
    return ""
