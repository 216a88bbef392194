# SPDX-License-Identifier: MIT
"""warnings, the one in Python."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, flags, numbers, op, shared, small, words

_categories = st.sampled_from([UserWarning, DeprecationWarning, RuntimeWarning])
_actions = st.sampled_from(["default", "ignore", "always", "module", "once", "error"])


def _caught(warnings, words, category):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warnings.warn(words, category)
    return found


def _deprecated(warnings):
    @warnings.deprecated("old")
    def function():
        pass

    @warnings.deprecated("old")
    class Old:
        pass

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function()
        Old()
        type("Derived", (Old,), {})


SUBJECT = Subject(
    "warnings",
    blocked=("_warnings",),
    files=("_py_warnings",),
    calls=(
        op("warn", words, _categories),
        op(
            lambda w, text, category, line: w.warn_explicit(text, category, "file.py", line, registry={}),
            words,
            _categories,
            numbers,
        ),
        op(
            lambda w, text, category, line: w.warn_explicit(text, category, "file.py", line, registry=_REGISTRY),
            words,
            _categories,
            small,
        ),
        op(_caught, words, _categories),
        op(_deprecated),
        op("simplefilter", _actions, _categories),
        op("filterwarnings", _actions, words, _categories),
        op("filterwarnings", _actions, append=flags),
        op("resetwarnings"),
        op("formatwarning", words, _categories, words, numbers),
        op(lambda w: w.showwarning("text", UserWarning, "file.py", 1, __import__("io").StringIO())),
        op(lambda w: w._processoptions(["ignore::UserWarning", "bad"])),
        op("_deprecated", words, remove=st.just((9, 9))),
    ),
    objects=(
        shared(
            "catch_warnings",
            lambda w: w.catch_warnings(record=True),
            op(lambda one: one.__enter__()),
            op(lambda one: one.__exit__(None, None, None)),
            op(repr),
        ),
    ),
    tests=("test.test_warnings",),
)

_REGISTRY = {}
