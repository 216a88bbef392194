# SPDX-License-Identifier: MIT
"""Those of CPython's own tests of a module that use threads: the process that is audited.

``python -m benchmarks.stdlib.cpython STEM OUT`` runs them and writes to OUT what was reached.

A test uses threads if its source, or that of the function of its module or class that it names, speaks of them.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.stdlib import reach, subjects
from benchmarks.stdlib.subject import Subject

SPEAKS = re.compile(r"threading\.|Thread\(|Thread\b.*start|executor\.|\bthreads?\b|start_threads|Pool\(", re.IGNORECASE)
ALONE = re.compile(r"assert_python|script_helper|spawn_python|run_python|subprocess|interpreters|multiprocessing|fork")
"""What such a test does happens in another process, where nobody looks."""
LONG = 40.0
"""Seconds for all of them; the rest is left out, and that is told."""
TOO_LONG = 20.0
"""Seconds after which a test that has not come back is told to be hung, and the process ends."""


def suites(tests: unittest.TestSuite | unittest.TestCase) -> Iterator[unittest.TestCase]:
    """All single tests."""
    if isinstance(tests, unittest.TestSuite):
        for test in tests:
            yield from suites(test)
    else:
        yield tests


def source_of(test: unittest.TestCase) -> str:
    """The source of a test, and of those of its class and module that it names."""
    name = getattr(test, "_testMethodName", "")
    method = getattr(type(test), name, None)
    try:
        text = inspect.getsource(method)  # type: ignore[arg-type]
    except (OSError, TypeError):
        return ""
    module = vars(sys.modules[type(test).__module__])
    for called in sorted(set(re.findall(r"\w+", text))):
        helper = getattr(type(test), called, None) if f"self.{called}" in text else module.get(called)
        if inspect.isfunction(helper) and helper is not method and helper.__module__ == type(test).__module__:
            try:
                text += inspect.getsource(helper)
            except OSError:
                continue
    return text


def uses_threads(test: unittest.TestCase) -> bool:
    """Does it, and in this process?"""
    text = source_of(test)
    if SPEAKS.search(text) is None:
        fixture = inspect.getsource(type(test).setUp) if "setUp" in vars(type(test)) else ""
        if SPEAKS.search(fixture) is None:
            return False
    return ALONE.search(text) is None


def chosen(subject: Subject) -> tuple[list[unittest.TestCase], list[str]]:
    """The tests to run, and the modules of tests that are not to be had."""
    found: list[unittest.TestCase] = []
    missing = []
    for name in subject.tests:
        try:
            module = importlib.import_module(name)
        except (ImportError, unittest.SkipTest):
            missing.append(name)
            continue
        for test in suites(unittest.defaultTestLoader.loadTestsFromModule(module)):
            if uses_threads(test) and not any(part in test.id() for part in subject.not_tests):
                found.append(test)
    return found, missing


def main(stem: str, out: str) -> None:
    """Be the process of one module's tests."""
    subject = subjects.load(stem)
    target = Path(out).absolute()
    found: dict[str, Any] = {"ran": 0, "failed": [], "left": 0}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        importlib.import_module(subject.module)
        tests, found["missing"] = chosen(subject)
        lines = reach.Lines(reach.files_of(subject), rounds=False)

        def tell() -> None:
            found["reached"] = lines.reached()
            target.write_text(json.dumps(found), encoding="utf-8")

        def give_up() -> None:
            found["hung"] = found["now"]
            tell()
            os._exit(71)

        began = time.monotonic()
        with lines:
            for test in tests:
                if time.monotonic() - began > LONG:
                    found["left"] = len(tests) - found["ran"]
                    break
                found["now"] = test.id()
                watch = threading.Timer(TOO_LONG, give_up)
                watch.daemon = True
                watch.start()
                result = unittest.TestResult()
                test(result)
                watch.cancel()
                watch.join()
                found["ran"] += 1
                if not result.wasSuccessful():
                    texts = [text for _, text in result.failures + result.errors]
                    found["failed"].append([test.id(), texts[0][-1500:]])
        found.pop("now", None)
        tell()
        os.chdir("/")


if __name__ == "__main__":
    main(*sys.argv[1:])
