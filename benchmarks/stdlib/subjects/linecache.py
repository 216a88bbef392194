# SPDX-License-Identifier: MIT
"""linecache."""

import os
from pathlib import Path

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, own, small, text


def _written(linecache, text):
    path = str(own("module.py"))
    Path(path).write_text(text)
    return linecache.getline(path, 1), linecache.getlines(path), linecache.updatecache(path)


def _loader(name):
    class Loader:
        def get_source(self, name):
            return "a = 1\n"

    return {"__name__": name, "__loader__": Loader()}


_files = st.sampled_from([os.__file__, __import__("json").__file__, __file__, "absent.py", "<string>"])

SUBJECT = Subject(
    "linecache",
    calls=(
        op(_written, text),
        op("getline", _files, small),
        *each("getlines updatecache checkcache", _files),
        *each("checkcache clearcache"),
        op(lambda linecache, name: linecache.lazycache(f"{name}.py", _loader(name)), names),
        op(lambda linecache, name: linecache.getlines(f"{name}.py", _loader(name)), names),
    ),
    tests=("test.test_linecache",),
)
