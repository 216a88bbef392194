# SPDX-License-Identifier: MIT
"""configure, mode, strict, checked, guard: choosing, restoring, and where the settings come from."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import owned
from commandline import run_python
from owned import _modes, _settings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave mode and policy as they were."""
    with owned.configure(mode=owned.mode(), policy="raise"):
        yield


def test_the_default_checks_reads_and_writes() -> None:
    """A program that says nothing is checked, and its violations are raised."""
    found = run_python("-c", "import owned; print(owned.mode(), owned.stats().policy)", cwd=Path("/"))
    assert found.stdout.split() == ["checked", "raise"]


@pytest.mark.parametrize("name", ["guard", "checked", "strict"])
def test_configure_acts_at_once(name: str) -> None:
    """The mode is the new one when configure() returns, given by name or as a Mode."""
    owned.configure(mode=name)
    assert owned.mode() is owned.Mode(name)
    owned.configure(mode=owned.Mode.CHECKED)
    assert owned.mode() == "checked"


@pytest.mark.parametrize("name", ["guard", "checked", "strict"])
def test_short_forms(name: str) -> None:
    """guard(), checked() and strict() are configure(mode=...), as calls and as blocks."""
    before = owned.mode()
    with getattr(owned, name)():
        assert owned.mode() == name
    assert owned.mode() is before
    getattr(owned, name)()
    assert owned.mode() == name


def test_blocks_nest_and_restore() -> None:
    """A block restores what was before it, also when it ends with an exception."""
    with owned.guard():
        with pytest.raises(KeyError), owned.strict():
            raise KeyError
        assert owned.mode() == "guard"
        with owned.configure(policy="count"):
            assert (owned.mode(), owned.stats().policy) == ("guard", "count")
        assert owned.stats().policy == "raise"
    assert owned.mode() == "checked"


def test_a_block_restores_only_what_it_set() -> None:
    """A block that chose a policy leaves the mode alone, and the other way round."""
    with owned.configure(policy="count"):
        owned.configure(mode="guard")
    assert (owned.mode(), owned.stats().policy) == ("guard", "raise")


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"mode": "on"}, ValueError),
        ({"mode": 3}, ValueError),
        ({"policy": "shout"}, ValueError),
        ({"policy": 3}, TypeError),
        ({"mode": "strict", "policy": "shout"}, ValueError),
    ],
    ids=str,
)
def test_what_there_is_not_changes_nothing(settings: dict[str, object], error: type[Exception]) -> None:
    """An unknown mode or policy raises, names the known ones, and neither setting has changed."""
    with pytest.raises(error, match="must be one of .*, "):
        owned.configure(**settings)  # type: ignore[arg-type]
    assert (owned.mode(), owned.stats().policy) == ("checked", "raise")


def test_off_comes_too_late() -> None:
    """Once something is guarded, the mode cannot become off; the error says why and what to do."""
    owned.own([])
    with pytest.raises(RuntimeError, match=r"guarded already.*OWNED_MODE=off"):
        owned.configure(mode="off")
    assert owned.mode() == "checked"


def test_on_switch_hears_of_every_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callbacks get the new mode after a switch, and nothing where the mode stays."""
    monkeypatch.setattr(_modes, "_callbacks", ())
    heard: list[owned.Mode] = []
    assert _modes.on_switch(heard.append) == heard.append
    owned.configure(mode="checked")
    with owned.guard():
        owned.strict()
    assert heard == ["guard", "strict", "checked"]


# ---- the environment and pyproject.toml ------------------------------------------------------------------------------


def project(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(textwrap.dedent(text))
    return folder


def found_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> _settings.Settings:
    monkeypatch.chdir(folder)
    return _settings.from_file()


def test_pyproject_is_found_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest pyproject.toml from the current folder upwards counts."""
    project(tmp_path, '[tool.owned]\nmode = "guard"\npolicy = "log"\nown = ["a.b:C"]\n')
    below = tmp_path / "src" / "package"
    below.mkdir(parents=True)
    assert found_in(below, monkeypatch) == _settings.Settings("guard", "log", ({"class": "a.b:C"},))
    project(tmp_path / "src", "[project]\n")
    assert found_in(below, monkeypatch) == _settings.Settings()


@pytest.mark.parametrize(
    "text",
    ["", "[tool.other]\nmode = 3\n", "this is [no toml", "# tool.owned is only named here\n", "tool = 3 # tool.owned"],
)
def test_other_files_say_nothing(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without the table is no concern of ours, whatever is wrong with it."""
    assert found_in(project(tmp_path, text), monkeypatch) == _settings.Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[tool.owned]\nmode = "on"\n', "`mode` in .tool.owned. must be one of off, guard, checked, strict, got 'on'"),
        ("[tool.owned]\nmode = 1\n", "`mode` .* got 1"),
        ('[tool.owned]\npolicy = "shout"\n', "`policy` in .tool.owned. must be one of raise, warn, log, count"),
        ('[tool.owned]\nown = "a:B"\n', r"`own` in .tool.owned. must be a list"),
        (
            "[tool.owned]\nown = [1]\n",
            r"each entry of `own` in .tool.owned. must be \"package.module:Class\"",
        ),
        ("[tool.owned]\nmodes = 1\n", "has no key 'modes'; there are mode, policy, own"),
        ("[tool]\nowned = 1  # tool.owned\n", "tool.owned must be a table"),
        ("[tool.owned\n", "line 1"),
    ],
)
def test_what_is_wrong_names_the_file(text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown key, a value that there is not, or broken TOML: an error that names the file."""
    with pytest.raises(ValueError, match=said) as caught:
        found_in(project(tmp_path, text), monkeypatch)
    assert str(caught.value).startswith(str(tmp_path / "pyproject.toml"))


def test_no_current_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose folder was removed has no pyproject.toml, and goes on."""

    def gone() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "getcwd", gone)
    assert _settings.from_file() == _settings.Settings()


def applied(folder: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[str, str]:
    monkeypatch.chdir(folder)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    _settings.apply()
    return owned.mode().value, owned.stats().policy


def test_the_environment_counts_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OWNED_MODE and OWNED_POLICY win over pyproject.toml, each by itself; empty ones say nothing."""
    project(tmp_path, '[tool.owned]\nmode = "guard"\npolicy = "count"\n')
    assert applied(tmp_path, monkeypatch) == ("guard", "count")
    assert applied(tmp_path, monkeypatch, OWNED_MODE="strict", OWNED_POLICY="") == ("strict", "count")
    assert applied(tmp_path, monkeypatch, OWNED_MODE="", OWNED_POLICY="warn") == ("guard", "warn")
    owned.configure(mode="checked", policy="log")
    assert (owned.mode(), owned.stats().policy) == ("checked", "log")


@pytest.mark.parametrize("variable", ["OWNED_MODE", "OWNED_POLICY"])
def test_a_wrong_variable_fails_the_import(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says wrongly is an error that names the variable and what there is."""
    with pytest.raises(ValueError, match=rf"environment variable {variable} must be one of .*, got 'on'"):
        applied(tmp_path, monkeypatch, **{variable: "on"})
