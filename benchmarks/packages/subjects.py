# SPDX-License-Identifier: MIT
"""The packages whose tests are audited: which version, and how its tests are run."""

from __future__ import annotations

from pathlib import Path

import attrs

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
PATCHES = CHECKOUT / "docs" / "package-audits"
_SERVERS = ("mongodb", "redis", "rethinkdb", "zookeeper", "etcd")  # which the job stores of APScheduler would need


@attrs.frozen
class Subject:
    """A package.

    Args:
        name: as the index of packages has it.
        version: the one that is audited; sdists.txt has its hash, and NAME.txt what its tests need.
        package: what is imported, and audited.
        tests: of pytest, seen from the source distribution: where the tests are, and which of them are left out.
        code: where the package is in the source distribution.
        about: what it does with threads, in words.
    """

    name: str
    version: str
    package: str
    tests: tuple[str, ...]
    code: str
    about: str

    @property
    def stem(self) -> str:
        """The name of its source distribution, without the ending."""
        return f"{self.name.lower()}-{self.version}"

    @property
    def patches(self) -> list[Path]:
        """What mends its true races."""
        return sorted(PATCHES.glob(f"{self.name}-*.patch"))


SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject(
            "watchdog",
            "7.1.0",
            "watchdog",
            ("tests",),
            "src",
            "watches folders: a thread for each, one that reads inotify, one that calls handlers, queues between them",
        ),
        Subject(
            "APScheduler",
            "3.11.3",
            "apscheduler",
            ("tests", "-k", " and ".join(f"not {name}" for name in _SERVERS)),
            "src",
            "runs jobs at given times: a scheduler's thread, pools of workers, and whoever adds jobs meanwhile",
        ),
        Subject(
            "huey",
            "3.5.4",
            "huey",
            ("huey/tests",),
            ".",
            "a task queue: a consumer with its workers, a scheduler, and whoever waits for results",
        ),
    )
}
