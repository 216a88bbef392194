# SPDX-License-Identifier: MIT
"""However an audited program ends, it leaves its report."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audited import RACE, SAFE, Outcome, run_audited, run_mortal
from commandline import TIMEOUT, environment

FOUND = [("certain", "Account.balance")]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def test_at_its_end(tmp_path: Path) -> None:
    """A program that runs to its end is reported, with exit status 1 for a certain race."""
    outcome = run_audited(tmp_path, RACE + "race()\nprint('done')\n")
    assert (outcome.status, outcome.races, outcome.stdout) == (1, FOUND, "done\n")
    assert "owned: certain race on Account.balance" in outcome.stderr
    assert outcome.document["exit_status"] == 1


def test_without_a_race(tmp_path: Path) -> None:
    """The status is the program's own."""
    outcome = run_audited(tmp_path, SAFE + "race()\n")
    assert (outcome.status, outcome.races) == (0, [])
    outcome = run_audited(tmp_path, SAFE + "race()\nraise SystemExit(3)\n")
    assert (outcome.status, outcome.races, outcome.document["exit_status"]) == (3, [], 3)


def test_sys_exit(tmp_path: Path) -> None:
    """A certain race takes precedence over the program's own status."""
    outcome = run_audited(tmp_path, RACE + "race()\nraise SystemExit(3)\n")
    assert (outcome.status, outcome.races) == (1, FOUND)


def test_uncaught_exception(tmp_path: Path) -> None:
    """An exception is told as ever, and then the report."""
    outcome = run_audited(tmp_path, RACE + "race()\n1 / 0\n")
    assert (outcome.status, outcome.races) == (1, FOUND)
    assert outcome.stderr.index("ZeroDivisionError") < outcome.stderr.index("owned:")


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends the program as ever, and it is reported."""
    outcome = run_audited(
        tmp_path, RACE + "race()\nimport os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass\n"
    )
    assert (outcome.status, outcome.races) == (-signal.SIGINT, FOUND)
    assert outcome.document["ending"] == "The program was interrupted."


def test_os_exit(tmp_path: Path) -> None:
    """os._exit reports first; the status is 1 for a certain race, else the program's own."""
    outcome = run_audited(tmp_path, RACE + "race()\nimport os\nos._exit(0)\n")
    assert (outcome.status, outcome.races) == (1, FOUND)
    assert outcome.document["ending"] == "The program left by os._exit(0), on thread 'MainThread'."
    assert run_audited(tmp_path, SAFE + "race()\nimport os\nos._exit(4)\n").status == 4


def test_exit_from_a_thread(tmp_path: Path) -> None:
    """A thread may end the process, too, while others run."""
    outcome = run_audited(
        tmp_path,
        RACE
        + "import os\ndef leave():\n    race()\n    os._exit(5)\n"
        + "threading.Thread(target=leave, name='killer').start()\n"
        "threading.Event().wait()\n",
    )
    assert (outcome.status, outcome.races) == (1, FOUND)
    assert outcome.document["ending"] == "The program left by os._exit(5), on thread 'killer'."


def test_thread_that_ends_itself(tmp_path: Path) -> None:
    """sys.exit on a thread ends that thread only."""
    outcome = run_audited(
        tmp_path, RACE + "import sys\nt = threading.Thread(target=sys.exit)\nt.start(); t.join()\nrace()\n"
    )
    assert (outcome.status, outcome.races) == (1, FOUND)


def test_daemon_threads_go_on(tmp_path: Path) -> None:
    """A daemon thread that still runs does not keep the report from being written."""
    outcome = run_audited(
        tmp_path,
        RACE
        + "def spin():\n    while True: account.other = 1\n"
        + "threading.Thread(target=spin, daemon=True).start()\nrace()\n",
    )
    assert (outcome.status, outcome.races) == (1, FOUND)


@needs_fork
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signal_that_ends(tmp_path: Path, name: str) -> None:
    """A signal that would end the program still does, after the report."""
    outcome = run_audited(
        tmp_path,
        RACE + f"race()\nimport os, signal\nos.kill(os.getpid(), signal.{name})\nwhile True: pass\n",
    )
    assert (outcome.status, outcome.races) == (-getattr(signal, name), FOUND)
    assert outcome.document["ending"] == f"The program was ended by {name}."


def test_signal_that_the_program_handles(tmp_path: Path) -> None:
    """A handler of the program is left alone."""
    outcome = run_audited(
        tmp_path,
        RACE
        + "import os, signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        + "os.kill(os.getpid(), signal.SIGTERM)\nwhile True: pass\n",
    )
    assert (outcome.status, outcome.races, outcome.document["ending"]) == (9, [], "")


def _died(outcome: Outcome, number: int) -> None:
    assert outcome.status == -number
    _wait_for(outcome)
    document = outcome.document
    assert (outcome.races, document["complete"], document["exit_status"]) == (FOUND, False, None)
    assert document["ending"].startswith("The process died on the spot")
    assert "owned: certain race on Account.balance" in outcome.stderr
    assert document["races"][0]["remedy"]


def _wait_for(outcome: Outcome) -> None:
    deadline = time.monotonic() + 10
    while not outcome.has_report:
        assert time.monotonic() < deadline, outcome.stderr
        time.sleep(0.05)  # the witness is no child of this process, so it cannot be waited for


@needs_fork
@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", signal.SIGKILL),
        ("os.abort()", signal.SIGABRT),
        ("ctypes.string_at(0)", signal.SIGSEGV),
    ],
)
def test_death_on_the_spot(tmp_path: Path, how: str, number: int) -> None:
    """Killed, aborted or crashed in C: the witness reports the races."""
    _died(run_mortal(tmp_path, RACE + f"race()\nimport ctypes, os, signal\n{how}\n"), number)


@needs_fork
def test_journal_is_gone(tmp_path: Path) -> None:
    """Neither a good nor a bad end leaves a journal behind."""
    (tmp_path / "tmp").mkdir()
    for end in ("", "os.kill(os.getpid(), signal.SIGKILL)\n"):
        (tmp_path / "program.py").write_text(RACE + "race()\nimport os, signal\n" + end)
        subprocess.run(
            [sys.executable, "-m", "owned", "audit", "program.py"],
            cwd=tmp_path,
            capture_output=True,
            env=environment(TMPDIR=str(tmp_path / "tmp")),
            timeout=TIMEOUT,
        )
        assert list((tmp_path / "tmp").iterdir()) == []


@needs_fork
def test_program_that_closes_all_files(tmp_path: Path) -> None:
    """The witness does not take a live process for a dead one."""
    outcome = run_audited(tmp_path, RACE + "import os\nos.closerange(3, 200)\nrace()\nprint('alive')\n")
    assert (outcome.status, outcome.races, outcome.stdout) == (1, FOUND, "alive\n")
    assert outcome.document["complete"] is True


@needs_fork
def test_nobody_sees_the_witness(tmp_path: Path) -> None:
    """A program that waits for any child of its own finds none."""
    outcome = run_audited(
        tmp_path,
        SAFE + "import os\ntry:\n    os.wait()\nexcept ChildProcessError:\n    print('no child')\nrace()\n",
    )
    assert (outcome.status, outcome.stdout) == (0, "no child\n")


@needs_fork
def test_forked_child_reports_for_itself(tmp_path: Path) -> None:
    """A child writes its report beside that of its parent; its races count in the parent's status."""
    outcome = run_audited(
        tmp_path,
        SAFE
        + "import os\nclass Other:\n    def __init__(self): self.n = 0\n    def deposit(self): self.n += 1\n"
        + "race()\npid = os.fork()\nif pid == 0:\n    account = Other()\n    race()\n    os._exit(7)\n"
        + "print(pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n",
    )
    pid, status = map(int, outcome.stdout.split())
    assert (status, outcome.status, outcome.races) == (7, 1, [])
    child = Outcome.of(tmp_path / f"report.{pid}.json")
    assert child.races == [("certain", "Other.n")]
    assert child.document["process"] == pid
    assert f"owned (process {pid}): certain race on Other.n" in outcome.stderr
    assert "forked children found 1 certain race" in outcome.stderr


@needs_fork
def test_child_of_multiprocessing(tmp_path: Path) -> None:
    """Forked children of multiprocessing end by os._exit, and report as well."""
    outcome = run_audited(
        tmp_path,
        RACE
        + "import multiprocessing\nprocess = multiprocessing.get_context('fork').Process(target=race)\n"
        + "process.start(); process.join(); print(process.pid, process.exitcode)\n",
    )
    pid, status = map(int, outcome.stdout.split())
    assert (status, outcome.status, outcome.races) == (0, 1, [])
    assert Outcome.of(tmp_path / f"report.{pid}.json").races == FOUND


@needs_fork
@pytest.mark.parametrize("call", ["os.execv(sys.executable, [sys.executable, *args])", "os.execlp('true', 'true')"])
def test_exec(tmp_path: Path, call: str) -> None:
    """A process that becomes another program reports before."""
    outcome = run_audited(tmp_path, RACE + f"race()\nimport os, sys\nargs = ['-c', 'pass']\n{call}\n")
    assert (outcome.status, outcome.races) == (0, FOUND)
    assert outcome.document["ending"].startswith("The process became another program: /")


def test_exec_that_fails(tmp_path: Path) -> None:
    """Where there is no such program, the audit goes on."""
    outcome = run_audited(
        tmp_path, RACE + "import os\ntry:\n    os.execlp('no-such-program', 'x')\nexcept OSError:\n    race()\n"
    )
    assert (outcome.status, outcome.races, outcome.document["ending"]) == (1, FOUND, "")


def test_changed_folder(tmp_path: Path) -> None:
    """Reports go where they were meant to, wherever the program went."""
    (tmp_path / "below").mkdir()
    outcome = run_audited(tmp_path, RACE + "import os\nos.chdir('below')\nrace()\n", "--html", "page.html")
    assert outcome.races == FOUND
    assert "Account.balance" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert list((tmp_path / "below").iterdir()) == []
