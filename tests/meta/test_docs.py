"""The code in README and docs runs, and prints what they say it prints."""

import ast
import doctest
import re
from itertools import pairwise
from pathlib import Path

import pytest

import owned
from checkout import CSRC, ROOT

PAGES = [
    page for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))] if "```python" in page.read_text()
]

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def _examples(page: Path) -> doctest.DocTest:
    """The page's python blocks as one session: with prompts they are checked, without they are run."""
    text = page.read_text()
    examples = []
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        if ">>> " in block[1]:
            found = doctest.DocTestParser().get_examples(block[1], page.name)
            for example in found:
                example.lineno += line
            examples += found
        else:
            examples += [doctest.Example(source, "", lineno=line + number) for number, source in _statements(block[1])]
    return doctest.DocTest(examples, {"__name__": page.stem}, page.name, str(page), 0, text)


def _statements(block: str) -> list[tuple[int, str]]:
    """Each statement of a block with its line, from 0: doctest runs one at a time."""
    lines = block.splitlines(keepends=True)
    starts = []
    for node in ast.parse(block).body:
        decorators = getattr(node, "decorator_list", ())
        starts.append(min([node.lineno, *(decorator.lineno for decorator in decorators)]) - 1)
    return [(start, "".join(lines[start:end])) for start, end in pairwise([*starts, len(lines)])]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(page: Path) -> None:
    """Every block of the page runs, in order, in one session."""
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    runner.run(_examples(page), out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


def test_first_page_has_examples() -> None:
    """The pages that must show working code do."""
    assert {"README.md", "tutorial.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("file", sorted({file.name for file in CSRC.rglob("*.c")}))
def test_architecture_page_lists(file: str) -> None:
    """The page that tells where each thing lives knows every C file."""
    page = (ROOT / "docs" / "how-it-works.md").read_text()
    assert f"`{file}`" in page.replace("csrc/audit/", "").replace("csrc/", "")


def test_every_state_is_explained() -> None:
    """Each state an object can be in is in the table that shows who may touch it."""
    text = (ROOT / "docs" / "why.md").read_text()
    assert [state for state in owned.State if state != "unguarded" and f"| {state} |" not in text] == []
