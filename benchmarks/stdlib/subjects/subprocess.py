# SPDX-License-Identifier: MIT
"""subprocess."""

import sys

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, op, shared, strings, words

_NOTHING = [sys.executable, "-S", "-E", "-c", ""]
_ECHO = [sys.executable, "-S", "-E", "-c", "import sys; sys.stdout.write(sys.stdin.read())"]
PROMISED = "`send_signal`, `poll` and `wait` have a lock, for processes that several threads wait for"


def _process(subprocess):
    return subprocess.Popen(_ECHO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _end(process):
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


SUBJECT = Subject(
    "subprocess",
    calls=(
        op(lambda subprocess: subprocess.run(_ECHO, input="text", capture_output=True, text=True, check=True)),
        op(lambda subprocess: subprocess.run(_ECHO, input=b"text", capture_output=True, timeout=9).check_returncode()),
        op(lambda subprocess: subprocess.check_output(_NOTHING)),
        op(lambda subprocess: subprocess.call(["/no/such/program"])),
        op(lambda subprocess: subprocess.getoutput("echo x")),
        op(lambda subprocess: subprocess.run("exit 3", shell=True, check=True)),
        op(lambda subprocess: subprocess.run("cat", stdin=subprocess.PIPE, timeout=0.01)),
        op(lambda subprocess, items: subprocess.list2cmdline(items), strings),
        op(lambda subprocess: subprocess.Popen(_NOTHING, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)),
        op(lambda subprocess: subprocess._cleanup()),
        op(lambda subprocess: subprocess._args_from_interpreter_flags()),
        op(lambda subprocess: repr(subprocess.CompletedProcess(["a"], 1, "out", "err"))),
        op(lambda subprocess: setattr(subprocess.CalledProcessError(1, "a"), "stdout", "x")),
        op(lambda subprocess: setattr(subprocess.TimeoutExpired("a", 1), "stdout", "x")),
        op("list2cmdline", st.just(["a b", 'c"d', "e\\\\", "f\\g h\\", ""])),
        op(lambda subprocess: subprocess.check_output(_ECHO, input=None, text=True, universal_newlines=True)),
        op(lambda subprocess: subprocess.run(_ECHO, input="x" * 70000, capture_output=True, text=True, timeout=20)),
        op(lambda subprocess: subprocess.Popen(_NOTHING, start_new_session=True, cwd=".", env={}, umask=0o22).wait()),
    ),
    objects=(
        shared(
            "Popen",
            _process,
            *each("poll kill terminate"),
            op(lambda process: process.wait(0.005)),
            op(lambda process: (process.kill(), process.wait())),
            op("send_signal", st.just(0)),
            op(lambda process: process.returncode),
            op(repr),
            promised=PROMISED,
            done=_end,
        ),
        shared("Popen.communicate()", _process, op("communicate", words, timeout=st.just(0.3)), op("poll"), done=_end),
    ),
    note="what is for Windows was not run",
    examples=6,
    tests=("test.test_subprocess",),
)
