# SPDX-License-Identifier: MIT
"""glob."""

import os
import pathlib

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, flags, op, own

_patterns = st.sampled_from(
    ["*", "**", "**/*.txt", "**/sub/**/*", "*/../sub/", "sub/a.txt", "sub/*", "[a-c]*", ".*", "no/such/*"]
)


def _tree():
    folder = own("tree")
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    (folder / "sub" / "a.txt").write_text("")
    return str(folder)


SUBJECT = Subject(
    "glob",
    fresh=False,
    calls=(
        op(lambda glob, pattern: glob.glob(pattern, root_dir=_tree(), recursive=True, include_hidden=True), _patterns),
        op(lambda glob, pattern: glob.iglob(os.path.join(_tree(), pattern)), _patterns),
        op(lambda glob, pattern: pathlib.Path(_tree()).glob(pattern, recurse_symlinks=True), _patterns),
        op(lambda glob, pattern: pathlib.Path(_tree()).rglob(pattern), _patterns),
        *each("escape has_magic", _patterns),
        op("translate", _patterns, recursive=flags, include_hidden=flags),
    ),
    tests=("test.test_glob",),
)
