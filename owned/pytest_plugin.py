# SPDX-License-Identifier: MIT
"""The pytest plugin: ``pytest --owned=strict``. Hooks only, and next to nothing unless it is asked for.

What it does when it is asked for is in `owned._pytest_session`; see docs/pytest.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import owned

if TYPE_CHECKING:
    from owned._pytest_session import Watch
    from owned._records import Violation

_MARKER = (
    "owned(mode=None, allow=None): run the test in another mode ('strict', 'checked', 'guard'); let violations "
    "happen in it: True, the name or class of an error, 'Type', 'Type.attribute', or a tuple of those"
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the options. A plugin that is loaded by its module's name must not be loaded as entry point too."""
    name = pluginmanager.get_name(sys.modules[__name__])
    pluginmanager.set_blocked("owned.pytest_plugin" if name == "owned" else "owned")
    group = parser.getgroup("owned", "owned: every object belongs to somebody")
    group.addoption(
        "--owned",
        choices=("strict", "checked", "guard", "off"),
        default=None,
        help="check the tests in this mode; a violation on any thread, swallowed or not, fails its test",
    )
    group.addoption(
        "--owned-report",
        metavar="FILE",
        default=None,
        help="write an HTML page of the violations, and in mode strict of who held which lock when",
    )
    _add_audit_options(group)
    parser.addini("owned", "the mode to check the tests in, unless --owned names one", default="")
    parser.addini(
        "owned_join_timeout",
        "how long to wait for the threads that a test has started and left running, in seconds, for all together",
        default="1.0",
    )
    parser.addini(
        "owned_collect",
        "collect garbage after each test, so that finalizers in cycles run within it (default: only in mode strict)",
        default="",
    )


def _add_audit_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--owned-audit",
        action="store_true",
        default=False,
        help="find races in code that knows nothing of owned; a certain race fails its test (see docs/audit.md)",
    )
    for name, metavar, help in (
        ("include", "PACKAGE", "audit these packages only, also installed ones"),
        ("stdlib", "MODULE", "audit these modules of the standard library, too"),
        ("report", "FILE", "write a report: .html, .json or .sarif by its name; may be repeated"),
    ):
        group.addoption(f"--owned-audit-{name}", metavar=metavar, action="append", default=[], help=help)
    group.addoption("--owned-audit-memory", metavar="SIZE", default="0", help="forget the oldest beyond it: 512M, 2G")
    group.addoption("--owned-audit-baseline", metavar="FILE", default=None, help="races that are known")
    group.addoption(
        "--owned-audit-write-baseline", metavar="FILE", default=None, help="write the races that are found there"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Set the mode before anything of the project is imported: classes are decorated then."""
    _start(early_config)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker; start now where a conftest.py has loaded the plugin."""
    config.addinivalue_line("markers", _MARKER)
    _start(config)
    file = config.getoption("owned_report")
    if file is not None:
        from owned._pytest_html import Reporter

        config.pluginmanager.register(Reporter(config, file), "owned-report")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Tell the mode, if one was asked for."""
    mode = config.getoption("owned") or config.getini("owned")
    return f"owned: mode {mode}" if mode else None


def _start(config: pytest.Config) -> None:
    options = getattr(config, "known_args_namespace", None) or config.option
    if getattr(options, "owned_audit", False):
        from owned._pytest_audit import start as start_audit

        start_audit(config, options)
    if getattr(options, "owned", None) or config.getini("owned"):
        from owned._pytest_session import start

        start(config, options)


@pytest.fixture
def owned_violations(request: pytest.FixtureRequest) -> list[Violation]:
    """The violations that have happened in this test so far, a live list.

    What is removed from it is acknowledged, and the test does not fail for it; ``owned_violations.clear()``
    acknowledges all of it.
    """
    return _watch(request).run_of(request.node).violations


@pytest.fixture
def owned_strict(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run this test in mode strict, and fail it for its violations, whatever the command line says."""
    if owned.mode() == "off":
        pytest.skip("the mode is off, and what was made in it can be checked in no other")
    _watch(request).run_of(request.node)
    with owned.strict():
        yield


def _watch(request: pytest.FixtureRequest) -> Watch:
    from owned._pytest_session import watch_on_demand

    return watch_on_demand(request.config)
