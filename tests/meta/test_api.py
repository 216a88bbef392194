"""The public names: what is exported is documented, in one shape, and can be looked at."""

import inspect
import re

import pytest

import owned
from checkout import ROOT

NAMES = [name for name in owned.__all__ if not name.startswith("__")]
CLASSES = [
    name
    for name in NAMES
    if inspect.isclass(getattr(owned, name)) and getattr(owned, name).__module__ != "builtins"  # 3.15's frozendict
]
EXCEPTIONS = [name for name in CLASSES if issubclass(getattr(owned, name), BaseException)]
LOOKS = {"explain", "is_frozen", "lock_of", "owner", "state"}  # they take any object and never raise
FUNCTIONS = [name for name in NAMES if callable(getattr(owned, name)) and not inspect.isclass(getattr(owned, name))]


def _doc(name: str) -> str:
    return inspect.getdoc(getattr(owned, name)) or ""


def _sections(name: str) -> set[str]:
    return set(re.findall(r"^(\w+):$", _doc(name), re.MULTILINE))


def test_all_is_sorted_and_whole() -> None:
    """__all__ is sorted, names things that exist, and leaves no public name out."""
    assert list(owned.__all__) == sorted(owned.__all__)
    public = {name for name in dir(owned) if not name.startswith("_") and not inspect.ismodule(getattr(owned, name))}
    assert public == set(NAMES)


def test_dir_offers_all() -> None:
    """dir() offers every public name."""
    assert set(NAMES) <= set(dir(owned))


@pytest.mark.parametrize("name", NAMES)
def test_api_page_lists(name: str) -> None:
    """Each public name is on the API page."""
    assert re.search(rf"\b{name}\b", (ROOT / "docs" / "api.md").read_text())


@pytest.mark.parametrize("name", [*FUNCTIONS, *CLASSES])
def test_docstring_has_a_summary(name: str) -> None:
    """Each public name says what it is in its first line."""
    assert 10 < len(_doc(name).partition("\n")[0]) <= 120


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_docstring_has_its_sections(name: str) -> None:
    """A function documents arguments, result, what it raises, and which threads may call it."""
    parameters = inspect.signature(getattr(owned, name)).parameters
    wanted = {"Threads"} | ({"Args"} if parameters else set()) | ({"Raises"} if name not in LOOKS else set())
    if inspect.signature(getattr(owned, name)).return_annotation not in (None, "None"):
        wanted.add("Returns")
    assert wanted - _sections(name) == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_documents_each_parameter(name: str) -> None:
    """Each parameter is under Args, by its name."""
    args = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)*)", _doc(name), re.MULTILINE)
    for parameter in inspect.signature(getattr(owned, name)).parameters:
        assert args and re.search(rf"^ +\*{{0,2}}{parameter}\b.*:", args[1], re.MULTILINE), parameter


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in EXCEPTIONS and name != "State"])
def test_class_docstring_tells_about_threads(name: str) -> None:
    """A class says what other threads may do with its instances."""
    assert "Threads" in _sections(name)


@pytest.mark.parametrize("name", [name for name in [*FUNCTIONS, *CLASSES] if name not in EXCEPTIONS])
def test_signature_is_available(name: str) -> None:
    """inspect.signature works, also for what is written in C."""
    inspect.signature(getattr(owned, name))


@pytest.mark.parametrize("name", CLASSES)
def test_public_methods_have_docstrings(name: str) -> None:
    """Each public method of our own has a docstring."""
    members = vars(getattr(owned, name)).items()
    ours = [key for key, value in members if not key.startswith("_") and (inspect.isroutine(value) or callable(value))]
    assert [key for key in ours if not inspect.getdoc(vars(getattr(owned, name))[key])] == []
