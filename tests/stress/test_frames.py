# SPDX-License-Identifier: MIT
"""Walking the stack without memory."""

import dis
import sys
import sysconfig
import types
from pathlib import Path

import pytest

import owned
from owned import _frozen
from owned._records import caller_of

TOOLS = {"_crew", "_pytest_html", "_pytest_session", "_report_data", "_run", "_tour", "pytest_plugin", "testing"}
"""Do not run inside of the program's verbs and refusals."""


@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="free-threaded CPython crashes")
def test_no_memory_is_not_the_end_of_the_stack():
    """Where there is no memory for the caller's frame, that is said at once."""
    testcapi = pytest.importorskip("_testcapi")

    def outer():
        return inner()

    def inner():
        frame = sys._getframe()
        testcapi.set_nomemory(0, 0)
        try:
            return caller_of(frame)
        finally:
            testcapi.remove_mem_hooks()

    try:
        assert outer() is not None
    except MemoryError:
        pass


def codes(code):
    """A code object and those in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="comprehensions are inlined, and generators a handler as a whole"
)
@pytest.mark.parametrize(
    "file", [pytest.param(file, id=file.stem) for file in sorted(Path(owned.__file__).parent.glob("*.py"))]
)
def test_handlers_are_not_far_into_a_function(file):
    """CPython notes where it was for a handler that may raise again: an int, which up to 256 takes no memory."""
    far = [
        f"{code.co_qualname}, line {code.co_firstlineno}"
        for code in codes(compile(file.read_text(encoding="utf-8"), file.name, "exec"))
        if code.co_name != "<module>" and file.stem not in TOOLS
        for entry in dis._parse_exception_table(code)
        if entry.lasti and entry.end // 2 - 1 > 256
    ]
    assert far == []


@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="free-threaded CPython crashes")
@pytest.mark.skipif(sys.version_info[:2] in ((3, 12), (3, 13)), reason="they lose a reference to the code of a `def`")
def test_a_new_class_is_looked_at_without_memory():
    """What freeze() can make of its instances is found out, or there is a MemoryError, whenever memory runs out."""
    testcapi = pytest.importorskip("_testcapi")

    class New:
        pass

    for kept in range(10_000):
        _frozen._plans.clear()
        if look_without_memory(testcapi, kept, New):
            break
    assert kept > 20


def look_without_memory(testcapi, kept, cls):
    """With memory for so many objects. In a function whose handlers are near."""
    testcapi.set_nomemory(kept, 0)
    try:
        _frozen.plan_for(cls)
    except MemoryError:
        return False
    finally:
        testcapi.remove_mem_hooks()
    return True
