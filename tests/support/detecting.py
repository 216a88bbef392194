"""The detector of the audit, driven by hand.

Real threads run one after the other, and are put into order only where a test says so: what is found depends on nothing
else.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from owned._audit import _detector as detector


@contextmanager
def detecting(memory: int = 0) -> Iterator[None]:
    """A run of the detector."""
    detector.start(memory)
    try:
        yield
    finally:
        detector.stop()


def apart(*functions: Callable[[], Any]) -> list[detector.ThreadToken]:
    """Call each in a thread of its own, one after the other. Nothing orders them but that all come after this call."""
    tokens = [detector.fork() for _ in functions]
    for token, function in zip(tokens, functions, strict=True):
        _run(token, function)
    return tokens


def _run(token: detector.ThreadToken, function: Callable[[], Any]) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        detector.begin(token, function.__name__)
        try:
            function()
        except BaseException as failure:
            failures.append(failure)
        finally:
            detector.end(token)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def found() -> list[tuple[str, str]]:
    """Each race as its certainty and its variable: ``("certain", "X.a")``."""
    told = []
    for certain, (sort, owner, name, *_), _earlier, _later, _count in detector.races():
        owner = owner.rpartition(".")[2]
        shown = owner if sort == "container" else f"{owner}[{name}]" if sort == "item" else f"{owner}.{name}"
        told.append(("certain" if certain else "possible", shown))
    return told
