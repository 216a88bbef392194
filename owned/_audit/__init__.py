# SPDX-License-Identifier: MIT
"""The audit: which objects of a program do threads race for, and which need no protection at all?

``python -m owned audit``, ``pytest --owned-audit`` and ``owned.audit()``; docs/audit.md tells what it does and how.
Nothing here is imported by ``import owned``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from owned._audit._session import Audit

__all__ = ["Audit", "audit"]


def audit(
    *,
    include: Sequence[str] = (),
    stdlib: Sequence[str] = (),
    memory: int = 0,
    baseline: str | Path | None = None,
) -> Audit:
    """Find the races in the code that is imported while the audit is on.

    ``with audit() as found:`` imports what it audits inside the block, for code that was imported before cannot be
    seen. Afterwards ``found.races`` has the races and ``found.exposures`` the map of exposure; ``print(found)`` tells
    all of it. For a whole program there is ``python -m owned audit``, for tests ``pytest --owned-audit``.

    Args:
        include: names of packages to audit, and nothing else, also installed ones. By default all is audited that is
            neither in the standard library nor installed.
        stdlib: names of modules of the standard library to audit as well.
        memory: how many bytes the audit may use for what it knows of variables; 0 for no bound. It then forgets the
            oldest, and says so.
        baseline: a file of races that are known, as ``python -m owned audit --write-baseline`` makes it.

    Returns:
        The audit, to be used in a ``with`` statement, once.

    Raises:
        ValueError: `memory` is negative, or `baseline` is no baseline.
        OSError: `baseline` cannot be read.
        RuntimeError: On entering: another audit is on in this process, or this one was used already.

    Threads:
        One audit at a time, of all threads of the process. Enter and leave it on one thread; threads that are started
        inside should be joined inside, as what they do afterwards is not seen.
    """
    return Audit(include=include, stdlib=stdlib, memory=memory, baseline=baseline)
