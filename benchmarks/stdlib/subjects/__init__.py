# SPDX-License-Identifier: MIT
"""The modules that are audited, a file each, named like the module with ``_`` for ``.`` (``http_client.py``).

A file defines ``SUBJECT``, made of what ``benchmarks.stdlib.subject`` has:

    SUBJECT = Subject(
        "bisect",
        blocked=("_bisect",),                          # audit what is written in Python, not the accelerator
        calls=each("bisect_left insort", lists, numbers),      # functions of the module, arguments of the thread's own
        objects=(shared("list", lambda module: [1, 2], op(lambda items, x: items.append(x), numbers)),),
        tests=("test.test_bisect",),                   # CPython's tests; those that speak of threads are run
    )

An operation is the name of a function or method, or a function that is given the module (the shared object, in
`objects`) first; then come strategies of hypothesis for the other arguments, of which each thread gets copies:
functions, which nobody copies, the operation has to make itself. What it raises is a result like any other. It must
not block for ever, nor start a thread that outlives it. Files go to ``own("name")``, a path for each thread. The file
that is imported first must not import the audited module, but take it from the argument.

A race in `calls` is a race for what the module itself keeps, and so is the module's fault. One for an object in
`objects` is so only if the documentation promises that threads may share such an object: `promised` says where.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from benchmarks.stdlib.subject import Subject

STEMS = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")


def load(stem: str) -> Subject:
    """The subject in the file of this name."""
    subject: Subject = importlib.import_module(f"{__name__}.{stem}").SUBJECT
    return subject


def stem_of(module: str) -> str:
    """The name of a module's file."""
    return module.replace(".", "_")
