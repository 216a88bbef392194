# SPDX-License-Identifier: MIT
"""CPython's own tests of list, dict and set, run on List, Dict and Set.

The tests come from the `test` package of the interpreter that runs them. Its `list_tests` and `mapping_tests` are told
the type to test; `test_list`, `test_dict` and `test_set` are executed once more with the name `list`, `dict` or `set`
meaning ours, so every class in them runs, subclasses and mixed operands included. What a guarded container does
otherwise on purpose is in EXCEPTIONS, and nowhere else.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import sysconfig
import unittest
from types import ModuleType
from typing import Any

import pytest

import owned

_NO_TEST_PACKAGE = "this interpreter ships without CPython's test package"

_REPR = "a Set's repr begins with Set, as a subclass's does; the test wants a plain set's braces"
_SNAPSHOT = (
    "update() collects its argument first, so that a failure changes nothing: what mutates the dict meanwhile is not "
    "half-way through a merge and raises nothing"
)
# (class, test): why it does not hold for us. "*": in every class.
EXCEPTIONS = {
    (
        "ListTest",
        "test_preallocation",
    ): "compares the size in memory with a list literal's; a List has a region besides",
    (
        "ListTest",
        "test_reversed_pickle",
    ): "at its end an iterator pickles as the end of a plain list, so as a builtin iterator",
    ("DictTest", "test_container_iterator"): "calls Dict.items on a dict literal, which is no Dict",
    ("DictTest", "test_merge_and_mutate"): _SNAPSHOT,
    ("DictTest", "test_track_dynamic"): "subclasses of dict are always tracked by the collector",
    ("TestSet", "test_cyclical_repr"): _REPR,
    ("*", "test_do_not_rehash_dict_keys"): "dict.fromkeys has a shortcut for exact sets that the count depends on",
    **{
        (f"TestBasicOps{of}", "test_repr"): _REPR
        for of in ("Empty", "Singleton", "Tuple", "Triple", "String", "Bytes", "MixedStringBytes")
    },
}
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    EXCEPTIONS["*", "test_free_after_iterating"] = (
        "on free-threaded builds an iterator keeps the container until it dies, as CPython's own list iterator does"
    )


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"test.{name}")
    except ImportError:
        pytest.skip(_NO_TEST_PACKAGE, allow_module_level=True)


def _again(name: str, **names: type) -> ModuleType:
    """A second copy of one of CPython's test modules in which some builtin names mean other types."""
    origin = _import(name).__spec__
    assert origin is not None and origin.origin is not None
    spec = importlib.util.spec_from_file_location(f"cpython_{name}_on_owned", origin.origin)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    vars(module).update(names)
    sys.modules[spec.name] = module  # for pickle
    spec.loader.exec_module(module)
    return module


def _collect(prefix: str, classes: dict[str, Any], **attributes: Any) -> None:
    """Put the test classes into this module, without the tests that are excepted."""
    for name, cls in classes.items():
        excepted = {
            test: unittest.skip(reason)(lambda self: None)
            for (owner, test), reason in EXCEPTIONS.items()
            if owner in (name, "*") and hasattr(cls, test)
        }
        globals()[f"{prefix}_{name}"] = type(name, (cls,), {"__module__": __name__, **attributes, **excepted})


def _cases(module: ModuleType) -> dict[str, Any]:
    return {
        name: cls
        for name, cls in vars(module).items()
        if isinstance(cls, type) and issubclass(cls, unittest.TestCase) and "Frozen" not in name
    }


_collect("list_tests", {"CommonTest": _import("list_tests").CommonTest}, type2test=owned.List)
_collect("test_list", _cases(_again("test_list", list=owned.List)))
_collect(
    "mapping_tests",
    {"TestHashMappingProtocol": _import("mapping_tests").TestHashMappingProtocol},
    type2test=owned.Dict,
)
_collect("test_dict", _cases(_again("test_dict", dict=owned.Dict)))
_collect("test_set", _cases(_again("test_set", set=owned.Set)))
