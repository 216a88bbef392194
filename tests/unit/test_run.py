# SPDX-License-Identifier: MIT
"""``python -m owned run``: the program behaves as with plain python, and its violations are told."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from textwrap import dedent

import pytest

from commandline import OWNED, TIMEOUT, environment, run_checked, run_python

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and processes")

# ---- as plain python -------------------------------------------------------------------------------------------------

SAME = {
    "main module": """
        import sys
        print(sorted(globals()), __name__, __file__, __spec__, __package__, type(__loader__), __builtins__)
        print(sys.argv, sys.path[0], sys.modules["__main__"].__dict__ is globals())
        print(__loader__.get_filename(), __doc__)
    """,
    "docstring": '''
        """What it does."""
        print(__doc__)
    ''',
    "no future of ours": """
        def f(x: 1 + 1): pass
        print(f.__annotations__)
    """,
    "uncaught": """
        def f(): raise ValueError("no")
        print("before", flush=True)
        f()
    """,
    "uncaught with a cause": """
        try:
            1 / 0
        except ZeroDivisionError as error:
            try:
                {}["x"]
            except KeyError:
                raise ValueError from error
    """,
    "exception group": """
        raise ExceptionGroup("several", [ValueError(1), TypeError(2)])
    """,
    "recursion": """
        def f(): f()
        try:
            f()
        except RecursionError as error:
            print(error)
    """,
    "exit 3": "import sys; sys.exit(3)",
    "exit none": "import sys; sys.exit()",
    "exit -1": "import sys; sys.exit(-1)",
    "exit 512": "import sys; sys.exit(512)",
    "exit true": "import sys; sys.exit(True)",
    "exit text": "import sys; sys.exit('it went wrong')",
    "exit by raise": "raise SystemExit(7)",
    "exit from a thread": """
        import sys, threading
        threading.Thread(target=sys.exit, args=(3,)).start()
    """,
    "_exit": "import os; print('now', flush=True); os._exit(5)",
    "syntax error": "x = 1\ndef f(:\n    pass\n",
    "syntax error at the end": "x = (1,\n",
    "indentation error": "x = 1\n  y = 2\n",
    "tabs": "if 1:\n        x = 1\n\ty = 2\n",
    "encoding cookie": "# -*- coding: latin-1 -*-\nprint('caf\\xe9')\n",
    "atexit": """
        import atexit
        atexit.register(print, "first registered, last called", flush=True)
        class Failing:
            def __call__(self): raise ValueError("in an exit function")
            def __repr__(self): return "failing"
        atexit.register(Failing())
        atexit.register(print, "last registered, first called", flush=True)
        print("main ends")
        raise KeyError("main fails")
    """,
    "atexit registers more": """
        import atexit
        atexit.register(lambda: (print("one"), atexit.register(print, "two")))
    """,
    "exit in atexit": """
        import atexit, sys
        class Exiting:
            def __call__(self): sys.exit(9)
            def __repr__(self): return "exiting"
        atexit.register(Exiting())
    """,
    "file name in atexit": """
        import atexit
        atexit.register(lambda: print(sorted(globals())))
    """,
    "threads outlive main": """
        import atexit, threading
        main_ended = threading.Event()
        def work():
            threading.main_thread().join()
            print("thread after main")
        atexit.register(print, "exit function after thread")
        threading.Thread(target=work).start()
        print("main ends")
    """,
    "daemon": """
        import threading
        ready = threading.Event()
        def work():
            ready.set()
            threading.Event().wait()
        threading.Thread(target=work, daemon=True).start()
        ready.wait()
        print("main ends")
    """,
    "pool left open": """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(2)
        pool.submit(print, "from the pool").result()
        print("main ends")
    """,
    "thread fails": """
        import threading
        def fail(): raise ValueError("in a thread")
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    """,
    "excepthook": """
        import sys
        sys.excepthook = lambda kind, error, trace: print("hooked", kind, error, trace.tb_lineno, trace.tb_next)
        raise ValueError("x")
    """,
    "excepthook fails": """
        import sys
        def hook(kind, error, trace): raise TypeError("hook")
        sys.excepthook = hook
        raise ValueError("x")
    """,
    "excepthook exits": """
        import sys
        sys.excepthook = lambda kind, error, trace: sys.exit(4)
        raise ValueError("x")
    """,
    "no excepthook": """
        import sys
        del sys.excepthook
        raise ValueError("x")
    """,
    "no stderr": """
        import sys
        sys.stderr = None
        raise ValueError("x")
    """,
    "last exception": """
        import atexit, sys
        atexit.register(lambda: print(repr(sys.last_value), sys.last_type, sys.last_traceback.tb_lineno))
        raise ValueError("x")
    """,
    "finalizers": """
        class Late:
            def __del__(self): print("finalized")
        late = Late()
        file = open("written", "w")
        file.write("unflushed")
    """,
    "pickle": """
        import pickle
        class Point:
            def __init__(self, x): self.x = x
        print(pickle.loads(pickle.dumps(Point(3))).x, Point)
    """,
    "warning": """
        import warnings
        def old(): warnings.warn("old", DeprecationWarning, stacklevel=2)
        old()
    """,
    "stdin": "print(input(), input())",
    "interrupt raised": "raise KeyboardInterrupt",
    "interrupt in a hook": """
        import sys
        sys.excepthook = lambda kind, error, trace: print("hooked", kind)
        raise KeyboardInterrupt
    """,
}


def both(tmp_path: Path, *arguments: str, options: tuple[str, ...] = (), stdin: str | None = None) -> str:
    """Run with plain python and with checks, compare all that can be seen, return stdout."""
    plain = run_python(*options, *arguments, cwd=tmp_path, stdin=stdin)
    checked = run_python(*options, "-m", "owned", "run", "-q", *arguments, cwd=tmp_path, stdin=stdin)
    assert (checked.returncode, checked.stdout, checked.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    return plain.stdout


@pytest.mark.parametrize("source", SAME.values(), ids=SAME.keys())
def test_as_plain_python(tmp_path: Path, source: str) -> None:
    """A program's output, tracebacks and exit status are those of plain python."""
    (tmp_path / "script.py").write_text(dedent(source), encoding="latin-1")
    both(tmp_path, "script.py", "-a", "--json", "b", stdin="1\n2\n")


def test_unflushed_files_are_written(tmp_path: Path) -> None:
    """The interpreter still finalizes: nothing is cut short by the exit status."""
    (tmp_path / "script.py").write_text(VIOLATION + "file = open('written', 'w')\nfile.write('unflushed')\n")
    assert run_checked("script.py", cwd=tmp_path).returncode == 1
    assert (tmp_path / "written").read_text() == "unflushed"


def tree(tmp_path: Path) -> None:
    show = "import sys\nprint(__name__, __file__, __package__, __spec__ and __spec__.name, sys.argv, sys.path[0])\n"
    (tmp_path / "script.py").write_text(show)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__main__.py").write_text(show + "import beside\n")
    (tmp_path / "folder" / "beside.py").write_text("print('beside')\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("import sys; print('package', sys.argv)\n")
    (tmp_path / "package" / "__main__.py").write_text(show + "from . import part\n")
    (tmp_path / "package" / "part.py").write_text("print(__name__)\nif __name__ == '__main__': 1 / 0\n")
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("__main__.py", show + "import inside\n")
        archive.writestr("inside.py", "print(__file__)\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("script.py", "a", "-b"),
        ("./script.py",),
        ("folder/../script.py",),
        ("folder", "a"),
        ("folder/",),
        ("archive.zip", "a"),
        ("-m", "script", "-m", "x"),
        ("-mscript",),
        ("-m", "package", "a"),
        ("-m", "package.part"),
        ("-m", "package.missing"),
        ("-m", "missing"),
        ("-m", "empty"),
        ("missing.py",),
        ("empty",),
        ("-", "a"),
    ],
    ids=" ".join,
)
def test_every_form_of_program(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Scripts, folders, archives, modules and stdin start as with plain python, or fail to."""
    tree(tmp_path)
    both(tmp_path, *arguments, stdin="import sys\nprint(__name__, sys.argv, sys.path[0], sorted(globals()))\n1 / 0\n")


@pytest.mark.parametrize("program", ["script.py", "folder", "archive.zip"])
def test_safe_path(tmp_path: Path, program: str) -> None:
    """``-P`` keeps the script's folder off sys.path, as with plain python."""
    tree(tmp_path)
    both(tmp_path, program, options=("-P",))


@posix
def test_symbolic_link(tmp_path: Path) -> None:
    """sys.path[0] is the folder of the real script."""
    tree(tmp_path)
    (tmp_path / "link.py").symlink_to(tmp_path / "folder" / "__main__.py")
    assert "beside" in both(tmp_path, "link.py")


def test_compiled_file(tmp_path: Path) -> None:
    """A .pyc file runs."""
    tree(tmp_path)
    code = "import py_compile; py_compile.compile('script.py', 'script.pyc')"
    run_python("-c", code, cwd=tmp_path).check_returncode()
    both(tmp_path, "script.pyc")


@posix
def test_unreadable_file(tmp_path: Path) -> None:
    """A device that cannot be opened is the same error."""
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    both(tmp_path, "loop.py")


POOL = """
    import multiprocessing, os, sys
    class Job:
        def __init__(self, number): self.number = number
    def work(job): return job.number ** 2, __name__ == "__main__"
    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        with context.Pool(2) as pool:
            print(pool.map(work, [Job(1), Job(2), Job(3)]))
        process = context.Process(target=sys.exit, args=(6,))
        process.start()
        process.join()
        print(process.exitcode)
"""


@posix
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("program", [("script.py",), ("-m", "script")], ids=" ".join)
def test_multiprocessing(tmp_path: Path, method: str, program: tuple[str, ...]) -> None:
    """Worker processes find the program's own __main__."""
    (tmp_path / "script.py").write_text(dedent(POOL))
    both(tmp_path, *program, method)


@posix
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("program", [("script.py",), ("-m", "script")], ids=" ".join)
def test_interrupted(tmp_path: Path, program: tuple[str, ...]) -> None:
    """Ctrl-C in the middle: the program's traceback, and death by SIGINT, as the shell wants to see it."""
    (tmp_path / "script.py").write_text(
        "import atexit, signal, time\n"
        "atexit.register(print, 'exit function')\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n"
        "print('ready', flush=True)\n"
        "while signal.SIGINT not in signal.sigpending(): time.sleep(0.001)\n"
        "signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])\n"
    )
    outcomes = []
    for command in ([sys.executable], [*OWNED, "run", "-q"]):
        child = subprocess.Popen(
            [*command, *program],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(),
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        rest, errors = child.communicate(timeout=TIMEOUT)
        outcomes.append((child.returncode, rest, errors))
    assert outcomes[0] == outcomes[1]
    assert outcomes[1][0] == -signal.SIGINT


@posix
@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="takes a second Ctrl-C there: see owned._run.finish_threads")
def test_interrupted_while_waiting_for_threads(tmp_path: Path) -> None:
    """Ctrl-C after the last line, while a thread still works, ends the waiting."""
    (tmp_path / "script.py").write_text(
        "import os, signal, threading\n"
        "def work():\n"
        "    threading.main_thread().join()\n"
        "    threading.Event().wait(1)\n"  # a signal just before the waiting begins would not end it, here as anywhere
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    threading.Event().wait()\n"
        "threading.Thread(target=work).start()\n"
    )
    plain = run_python("script.py", cwd=tmp_path)
    checked = run_checked("-q", "script.py", cwd=tmp_path)
    assert checked.returncode == plain.returncode
    for outcome in plain, checked:
        assert "_run.py" not in outcome.stderr
        assert "in _shutdown" in outcome.stderr
        assert outcome.stderr.rstrip(": \n").endswith("KeyboardInterrupt")


@posix
def test_broken_pipe(tmp_path: Path) -> None:
    """Output that cannot be flushed at the end is told as ever."""
    (tmp_path / "script.py").write_text("import os\nprint('lost')\nos.close(1)\n")
    both(tmp_path, "script.py")


# ---- violations ------------------------------------------------------------------------------------------------------

VIOLATION = dedent("""\
    import threading
    from owned import owned

    @owned
    class Account:
        def __init__(self):
            self.balance = 100

    account = Account()

    def touch(times=1):
        for _ in range(times):
            try:
                account.balance += 1
            except Exception:
                pass

    def elsewhere(target, *args, name="worker"):
        thread = threading.Thread(target=target, args=args, name=name)
        thread.start()
        thread.join()

    elsewhere(touch)
""")
TOUCH_LINE = 1 + VIOLATION[: VIOLATION.index("account.balance += 1")].count("\n")


def script(tmp_path: Path, more: str = "") -> None:
    (tmp_path / "script.py").write_text(VIOLATION + dedent(more))


def document(tmp_path: Path, *arguments: str, status: int = 1) -> dict[str, object]:
    """Run ``script.py`` with a JSON report, check the exit status, return the report."""
    outcome = run_checked("--json", "report.json", "script.py", *arguments, cwd=tmp_path)
    assert outcome.returncode == status, outcome.stderr
    return json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))


def test_swallowed_on_a_worker(tmp_path: Path) -> None:
    """A violation that the program swallows on a worker thread is told in full, and fails the run."""
    script(tmp_path, "print('done')")
    outcome = run_checked("script.py", cwd=tmp_path)
    assert outcome.returncode == 1
    assert outcome.stdout == "done\n"
    told = outcome.stderr
    assert told.startswith(f"owned: WrongThreadError at script.py:{TOUCH_LINE} in touch\n")
    assert "account.balance += 1" in told
    assert "balance" in told
    assert "Account" in told
    assert "'worker'" in told
    assert "'MainThread'" in told
    assert "way out" in told
    assert f"\nowned: 1 violation at 1 site\n  1  script.py:{TOUCH_LINE}  WrongThreadError: " in told


def test_nothing_wrong(tmp_path: Path) -> None:
    """A program without violations: one line at the end, or none with -q."""
    (tmp_path / "script.py").write_text("print('done')")
    outcome = run_checked("script.py", cwd=tmp_path)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "done\n", "owned: no violations\n")
    assert run_checked("-q", "script.py", cwd=tmp_path).stderr == ""


def test_once_per_site_with_a_count(tmp_path: Path) -> None:
    """Repeats are counted, and told at powers of ten."""
    script(tmp_path, "elsewhere(touch, 1233, name='second')")
    told = run_checked("script.py", cwd=tmp_path).stderr
    assert told.count("WrongThreadError at") == 1
    assert re.findall(r"owned: ([\d,]+) times at script.py:\d+ in touch\n", told) == ["10", "100", "1,000"]
    assert "owned: 1,234 violations at 1 site\n" in told
    assert told.rstrip().endswith("2 threads")


def test_counts_from_many_threads(tmp_path: Path) -> None:
    """No violation is lost when many threads make them at once."""
    script(
        tmp_path,
        """
        barrier = threading.Barrier(8)
        def work():
            barrier.wait()
            touch(500)
        threads = [threading.Thread(target=work, name=f"w{n}") for n in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """,
    )
    report = document(tmp_path)
    assert report["total"] == 4001
    [entry] = report["violations"]
    assert entry["count"] == 4001
    assert entry["threads"] == [*(f"w{n}" for n in range(8)), "worker"]


def test_sites_apart(tmp_path: Path) -> None:
    """Each site, and each way of touching at one site, has an entry of its own, in order of appearance."""
    script(
        tmp_path,
        """
        def each(*steps):
            for step in steps:
                try: step()
                except Exception: pass
        elsewhere(each, lambda: account.balance, lambda: setattr(account, "name", 1))
        """,
    )
    report = document(tmp_path)
    assert [entry["access"] for entry in report["violations"]] == ["read", "read", "write"]
    assert [entry["function"] for entry in report["violations"]] == ["touch", "<lambda>", "<lambda>"]


def test_document(tmp_path: Path) -> None:
    """The JSON document has every fact."""
    script(tmp_path)
    report = document(tmp_path, "a", "--json")
    [entry] = report.pop("violations")
    assert report.pop("owned")
    assert report.pop("python").startswith(".".join(map(str, sys.version_info[:3])))
    assert report == {
        "format": 1,
        "program": {"name": "script.py", "arguments": ["a", "--json"], "is_module": False},
        "exit_status": 1,
        "total": 1,
    }
    assert "Account" in entry.pop("message")
    assert isinstance(entry.pop("address"), int)
    assert entry.pop("advice")
    assert entry.pop("owner_id") != entry.pop("toucher_id")
    assert entry.pop("owner_task") is entry.pop("toucher_task") is None
    place = {"file": str(tmp_path / "script.py"), "line": TOUCH_LINE, "function": "touch"}
    assert entry.pop("stack")[0] == place
    assert entry == {
        "file": str(tmp_path / "script.py"),
        "line": TOUCH_LINE,
        "function": "touch",
        "life": [],
        "owner_stack": [],
        "source": "account.balance += 1",
        "count": 1,
        "threads": ["worker"],
        "error": "WrongThreadError",
        "type_name": "Account",
        "access": "read",
        "name": "balance",
        "touch": "read Account.balance",
        "state": "private",
        "owner": "MainThread",
        "toucher": "worker",
        "lock": None,
        "record": None,
    }


def test_record_of_a_share(tmp_path: Path) -> None:
    """What brought the state is told: who shared it, and where."""
    script(tmp_path, "from owned import share\nshare(account)\ntouch()\n")
    outcome = run_checked("--json", "report.json", "script.py", cwd=tmp_path)
    entry = json.loads((tmp_path / "report.json").read_text())["violations"][1]
    line = VIOLATION.count("\n") + 2
    assert entry["error"] == "LockNotHeldError"
    assert entry["record"]["verb"] == "share"
    assert (entry["record"]["file"], entry["record"]["line"]) == (str(tmp_path / "script.py"), line)
    assert f"share(Account) at script.py:{line} in <module>, thread 'MainThread'" in outcome.stderr


def test_document_without_violations(tmp_path: Path) -> None:
    """A tool finds the same document where nothing was wrong, also for a program that cannot start."""
    (tmp_path / "script.py").write_text("import os\nos.chdir('/')\n")
    report = document(tmp_path, status=0)
    assert (report["total"], report["violations"], report["exit_status"]) == (0, [], 0)
    (tmp_path / "script.py").unlink()
    assert document(tmp_path, status=2)["exit_status"] == 2


def test_document_cannot_be_written(tmp_path: Path) -> None:
    """The program does not start if its report would be lost."""
    (tmp_path / "script.py").write_text("print('started')\n")
    outcome = run_checked("--json", "no/such/folder", "script.py", cwd=tmp_path)
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "cannot write 'no/such/folder'" in outcome.stderr


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("sys.exit()", 1),
        ("sys.exit(0)", 1),
        ("sys.exit(256)", 1),
        ("sys.exit(7)", 7),
        ("sys.exit('text')", 1),
        ("1 / 0", 1),
        ("os._exit(5)", 5),
    ],
)
@posix
def test_exit_status(tmp_path: Path, ending: str, status: int) -> None:
    """The program's own failure is kept; success becomes 1."""
    script(tmp_path, f"import os, sys\n{ending}\n")
    assert run_checked("script.py", cwd=tmp_path).returncode == status


@posix
def test_interrupted_with_violations(tmp_path: Path) -> None:
    """An interrupted program still gets its summary and its document."""
    script(tmp_path, "raise KeyboardInterrupt\n")
    report = document(tmp_path, status=-signal.SIGINT)
    assert (report["total"], report["exit_status"]) == (1, -signal.SIGINT)


@pytest.mark.parametrize(
    "more",
    [
        "import atexit\natexit.register(elsewhere, touch)\n",
        "threading.Thread(target=lambda: (threading.main_thread().join(), touch())).start()\n",
        "threading.Thread(target=touch, daemon=True).start()\nimport time\ntime.sleep(0.2)\n",
    ],
    ids=["exit function", "thread after main", "daemon"],
)
def test_late_violations(tmp_path: Path, more: str) -> None:
    """What happens after the last line of the program counts."""
    script(tmp_path, more)
    assert document(tmp_path)["total"] == 2


def test_uncaught_violation(tmp_path: Path) -> None:
    """The program's own traceback is printed as well, without a frame of ours."""
    script(tmp_path, "from owned import freeze\nfreeze(account)\naccount.balance = 1\n")
    told = run_checked("script.py", cwd=tmp_path).stderr
    assert "FrozenError at script.py" in told
    trace = told[told.index("Traceback (most recent call last)") :]
    assert trace.count("File ") == 1
    assert "2 violations at 2 sites" in told


def test_code_without_a_file(tmp_path: Path) -> None:
    """A touch in code that was made from a string has no source to show, and is told all the same."""
    script(tmp_path, "elsewhere(exec, 'try: account.balance\\nexcept Exception: pass', {'account': account})\n")
    report = document(tmp_path)
    assert (report["violations"][1]["file"], report["violations"][1]["source"]) == ("<string>", None)


def test_source_in_an_archive(tmp_path: Path) -> None:
    """Source lines are found where the module's loader finds them."""
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr("__main__.py", "import accounts\n")
        archive.writestr("accounts.py", VIOLATION)
    outcome = run_checked("app.zip", cwd=tmp_path)
    assert outcome.returncode == 1
    assert "account.balance += 1" in outcome.stderr


@posix
def test_forked_child(tmp_path: Path) -> None:
    """A forked child tells its violations with its process number; the parent counts them and writes the document."""
    script(
        tmp_path,
        """
        import os
        child = os.fork()
        if child:
            print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        else:
            elsewhere(touch, 3)
        """,
    )
    outcome = run_checked("--json", "report.json", "script.py", cwd=tmp_path, PYTHONWARNINGS="ignore")
    assert outcome.stdout == "child 1\n"
    assert re.search(r"owned \(process \d+\): WrongThreadError at script.py", outcome.stderr)
    assert json.loads((tmp_path / "report.json").read_text())["total"] == 4
    assert outcome.stderr.endswith("WrongThreadError: read Account.balance, thread 'worker'\n")


CHILDREN = """
    import multiprocessing, sys, threading
    from owned import owned
    @owned
    class Account:
        balance = 100
    def work(times):
        account = Account()
        def touch():
            for _ in range(times):
                try: account.balance
                except Exception: pass
        thread = threading.Thread(target=touch, name="in child")
        thread.start()
        thread.join()
        return times
    if __name__ == "__main__":
        with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
            print(sum(pool.map(work, [5] * 8, chunksize=1)))
"""


@posix
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_worker_processes(tmp_path: Path, method: str) -> None:
    """Violations in processes of a pool count, however the processes are made."""
    (tmp_path / "script.py").write_text(dedent(CHILDREN))
    report = document(tmp_path, method)
    assert report["total"] == 40
    assert [(entry["count"], entry["threads"]) for entry in report["violations"]] == [(40, ["in child"])]


def test_run_in_run(tmp_path: Path) -> None:
    """A run that the program starts makes a report of its own; plain children report to the run around them."""
    script(tmp_path)
    (tmp_path / "outer.py").write_text(
        "import subprocess, sys\nprint(subprocess.run([sys.executable, *sys.argv[1:]], text=True).returncode)\n"
    )
    inner = run_checked("outer.py", "-m", "owned", "run", "script.py", cwd=tmp_path)
    assert (inner.returncode, inner.stdout) == (0, "1\n")
    assert inner.stderr.count("WrongThreadError at") == 1
    plain = run_checked("outer.py", "script.py", cwd=tmp_path)
    assert (plain.returncode, plain.stdout) == (1, "0\n")
    assert "owned: 1 violation at 1 site" in plain.stderr


def test_nothing_left_behind(tmp_path: Path) -> None:
    """The file that child processes report to is gone afterwards."""
    script(tmp_path)
    (tmp_path / "temporary").mkdir()
    run_checked("script.py", cwd=tmp_path, TMPDIR=str(tmp_path / "temporary"))
    assert list((tmp_path / "temporary").iterdir()) == []


def test_stderr_taken_away(tmp_path: Path) -> None:
    """A program that redirects or closes its stderr does not lose the report."""
    script(tmp_path, "import io, sys\nsys.stderr.close()\nsys.stderr = io.StringIO()\nelsewhere(touch)\n")
    assert "owned: 2 violations at 1 site" in run_checked("script.py", cwd=tmp_path).stderr


def test_violation_in_a_destructor_and_in_repr(tmp_path: Path) -> None:
    """Reporting from awkward places neither blocks nor recurses."""
    script(
        tmp_path,
        """
        import gc
        class Awkward:
            def __init__(self): self.me = self
            def __del__(self): touch()
        def collect():
            for _ in range(50):
                Awkward()
                touch()
            gc.collect()
        elsewhere(collect)
        """,
    )
    assert document(tmp_path)["total"] == 101


# ---- terminal and pipe -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
    ids=["pipe", "forced", "forced and forbidden"],
)
def test_colour_in_a_pipe(tmp_path: Path, settings: dict[str, str], coloured: bool) -> None:
    """A pipe gets plain text, unless colour is asked for."""
    script(tmp_path)
    assert ("\x1b[" in run_checked("script.py", cwd=tmp_path, **settings).stderr) == coloured


@posix
@pytest.mark.parametrize(("settings", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_terminal(tmp_path: Path, settings: dict[str, str], coloured: bool) -> None:
    """A terminal gets colours, unless forbidden, and the lines around the touch."""
    import pty

    script(tmp_path)
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [*OWNED, "run", "script.py"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=environment(**{"TERM": "xterm", **settings}),
    )
    os.close(theirs)
    data = b""
    with open(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # Linux tells the end by an error
        while more := terminal.read(10_000):
            data += more
    assert child.wait(TIMEOUT) == 1
    told = data.decode()
    assert ("\x1b[" in told) == coloured
    assert "except Exception:" in told


# ---- the command line ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [(), ("-q",), ("--json",), ("--json", "x"), ("-m",), ("--nonsense", "x.py"), ("--",)], ids=" ".join
)
def test_wrong_command_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A command line that names no program is an error of its own."""
    outcome = run_checked(*arguments, cwd=tmp_path)
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("usage: python -m owned run")


def test_help(tmp_path: Path) -> None:
    """Help names the commands and what may be run."""
    assert "tour" in run_python("-m", "owned", "--help", cwd=tmp_path).stdout
    assert "-m module" in run_checked("--help", cwd=tmp_path).stdout


def test_no_command(tmp_path: Path) -> None:
    """No command: usage, as an error."""
    outcome = run_python("-m", "owned", cwd=tmp_path)
    assert outcome.returncode == 2
    assert "usage" in outcome.stderr


# ---- the mode --------------------------------------------------------------------------------------------------------

READS_ELSEWHERE = """
    import subprocess, sys, threading
    import owned

    items = owned.List([1])
    def look():
        try:
            print(owned.mode(), items[0])
        except owned.WrongThreadError:
            print(owned.mode(), "refused")
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    print(subprocess.run([sys.executable, "-c", "import owned; print(owned.mode())"], capture_output=True).stdout)
"""


@pytest.mark.parametrize(
    ("options", "variable", "mode", "status"),
    [
        ([], None, "checked", 1),
        (["--mode", "guard"], None, "guard", 0),
        (["--mode=strict"], "guard", "strict", 1),
        (["-q"], "guard", "guard", 0),
    ],
    ids=["nothing said", "--mode", "--mode over OWNED_MODE", "OWNED_MODE"],
)
def test_mode(options: list[str], variable: str | None, mode: str, status: int, tmp_path: Path) -> None:
    """It runs in checked unless --mode or OWNED_MODE say otherwise; a child process follows."""
    (tmp_path / "script.py").write_text(dedent(READS_ELSEWHERE))
    outcome = run_checked(*options, "script.py", cwd=tmp_path, **({} if variable is None else {"OWNED_MODE": variable}))
    first, second = outcome.stdout.split("\n")[:2]
    assert first == f"{mode} {'refused' if status else 1}"
    assert mode in second
    assert outcome.returncode == status


@pytest.mark.parametrize("options", [[], ["-q"]], ids=str)
def test_off_says_that_nothing_is_checked(options: list[str], tmp_path: Path) -> None:
    """In off there is nothing to report, and it says why."""
    (tmp_path / "script.py").write_text(dedent(READS_ELSEWHERE))
    outcome = run_checked(*options, "--mode=off", "script.py", cwd=tmp_path)
    assert outcome.stdout.startswith("off 1\n")
    assert outcome.stderr == "owned: nothing was checked: the mode is off\n"
    assert outcome.returncode == 0


def test_unknown_mode(tmp_path: Path) -> None:
    """A mode that there is not is a usage error, before the program starts."""
    outcome = run_checked("--mode", "on", "script.py", cwd=tmp_path)
    assert outcome.returncode == 2
    assert "invalid choice: 'on'" in outcome.stderr
