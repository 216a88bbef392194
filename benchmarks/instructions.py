# SPDX-License-Identifier: MIT
"""How many instructions a statement takes: ``python -m benchmarks.instructions``, where valgrind is installed.

Each statement stands twenty times in the body of a loop. The loop runs 500 times and 1500 times under cachegrind, and
the difference is divided by what the second run does more.
"""

from __future__ import annotations

import gc
import os
import queue
import re
import subprocess
import sys
import threading
from typing import Any

import owned
from benchmarks.harness import HERE, statement

FEW, MANY, REPEATS = 500, 1500, 20


class Slots:
    """Plain, with slots."""

    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a = 1
        self.b = 2

    def nothing(self) -> None:
        """Nothing."""

    def fields(self) -> None:
        """Three accesses."""
        self.a = self.a + self.b


class Dict:
    """Plain, with a dict."""

    __init__, nothing, fields = Slots.__init__, Slots.nothing, Slots.fields


def cases() -> dict[str, tuple[dict[str, Any], str]]:
    """What is counted."""
    owned_slots = owned.owned(type("OwnedSlots", (), {"__slots__": ("a", "b"), **_methods()}))
    owned_dict = owned.owned(type("OwnedDict", (), _methods()))
    lock, frozen = owned.Lock(), owned.freeze(owned_slots())
    makers: dict[str, Any] = {
        "slots": Slots,
        "owned slots": owned_slots,
        "dict": Dict,
        "owned dict": owned_dict,
        "own()": lambda: owned.own(Dict()),
    }
    found = {}
    for name, make in makers.items():
        for code in ("x.a", "x.a = 1", "x.nothing()", "x.fields()", "make()"):
            found[f"{name}: {code}"] = ({"x": make(), "make": make}, code)
    shared = owned.share(owned_slots(), lock=lock)
    for name, names in {"threading": (threading.Lock(), Slots()), "owned": (lock, shared)}.items():
        found[f"{name}: with lock: x.a = 1"] = ({"lock": names[0], "x": names[1]}, "with lock: x.a = 1")
    for name, q in {"SimpleQueue": queue.SimpleQueue[Any](), "Channel": owned.Channel[Any]()}.items():
        for what, value in {"an int": 5, "frozen": frozen}.items():
            found[f"{name}, {what}: put, get"] = ({"q": q, "value": value}, "q.put(value); q.get()")
    return found


def _methods() -> dict[str, Any]:
    return {name: vars(Slots)[name] for name in ("__init__", "nothing", "fields")}


def counted(case: str, loops: int) -> int:
    """Instructions of a whole process."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    done = subprocess.run(
        [*command, sys.executable, "-m", "benchmarks.instructions", case, str(loops)],
        cwd=HERE.parent,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    [count] = re.findall(r"I +refs: +([\d,]+)", done.stderr)
    return int(count.replace(",", ""))


def main() -> None:
    """Count each case; or, inside of valgrind, run one."""
    if len(sys.argv) == 3:
        names, code = cases()[sys.argv[1]]
        timed = statement(code, names, repeats=REPEATS)
        gc.disable()
        timed(200)
        timed(int(sys.argv[2]))
        return
    for case in cases():
        print(f"{(counted(case, MANY) - counted(case, FEW)) // ((MANY - FEW) * REPEATS):6}  {case}", flush=True)


if __name__ == "__main__":
    main()
