# SPDX-License-Identifier: MIT
"""The process that measures one question, started by ``benchmarks.harness.run``."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

from benchmarks.harness import QUICK, Effort, measure, questions


def main() -> None:
    """Write what was found, and which peers are missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker", description=__doc__)
    parser.add_argument("question", choices=questions())
    parser.add_argument("out", type=Path)
    parser.add_argument("--process", type=int, default=0, help="the how manieth it is")
    parser.add_argument("--rounds", type=int, default=QUICK.rounds)
    parser.add_argument("--seconds", type=float, default=QUICK.seconds, help="that a case takes in a round")
    options = parser.parse_args()
    module = importlib.import_module(f"benchmarks.bench_{options.question}")
    measured = measure(module.cases(), Effort(1, options.rounds, options.seconds), options.process)
    options.out.write_text(json.dumps({"missing": module.missing(), "cases": measured}), encoding="utf-8")


if __name__ == "__main__":
    main()
