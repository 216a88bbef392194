# SPDX-License-Identifier: MIT
"""traceback."""

import io

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, op, shared, small


def _error(depth=0):
    try:
        if depth:
            _deeper(depth)
        raise ValueError("text")
    except ValueError as error:
        error.add_note("note")
        return error


def _deeper(depth):
    try:
        raise ExceptionGroup("group", [_error(), TypeError("x")])
    except ExceptionGroup as error:
        raise SyntaxError("bad", ("f.py", 1, 2, "a b\n", 1, 3)) from error


def _raised(depth):
    try:
        _deeper(depth)
    except SyntaxError as error:
        return error


_errors = st.builds(_error) | st.builds(_raised, small)

SUBJECT = Subject(
    "traceback",
    calls=(
        *each("format_exception format_exception_only", _errors),
        op(lambda traceback, error: traceback.print_exception(error, file=io.StringIO()), _errors),
        op(lambda traceback, error: traceback.format_tb(error.__traceback__), _errors),
        op(lambda traceback, error: traceback.extract_tb(error.__traceback__).format(), _errors),
        op(
            lambda traceback, error: traceback.TracebackException.from_exception(
                error, capture_locals=True, compact=True
            ).format(),
            _errors,
        ),
        op(lambda traceback, error: traceback.clear_frames(error.__traceback__), _errors),
        *each("format_stack extract_stack format_exc"),
        op(lambda traceback: traceback.print_stack(file=io.StringIO())),
        op(lambda traceback: traceback.StackSummary.from_list([("f.py", 1, "f", "line")] * 6).format()),
        op(
            lambda traceback, error: traceback.TracebackException(type(error), error, None).print(file=io.StringIO()),
            _errors,
        ),
        op(
            lambda traceback: traceback._compute_suggestion_error(
                AttributeError("x", name="appendd", obj=[]), None, "appendd"
            )
        ),
    ),
    objects=(
        shared(
            "TracebackException",
            lambda traceback: traceback.TracebackException.from_exception(_raised(1)),
            *each("format format_exception_only"),
            op(lambda one: one == one),
            op(lambda one: one.exc_type_str),
        ),
        shared(
            "FrameSummary",
            lambda traceback: traceback.FrameSummary("f.py", 1, "f", lookup_line=False),
            op(lambda one: one.line),
            op(repr),
            op(lambda one: one == ("f.py", 1, "f", "")),
            op(list),
        ),
    ),
    tests=("test.test_traceback",),
)
