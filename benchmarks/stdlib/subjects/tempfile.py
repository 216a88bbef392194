# SPDX-License-Identifier: MIT
"""tempfile."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, each, op, shared

PROMISED = "names are made so that no two threads get the same"


def _whole(tempfile):
    with tempfile.NamedTemporaryFile(prefix="x") as file:
        file.write(b"a")
        file.seek(0)
        list(file)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"a")
    with tempfile.SpooledTemporaryFile(2, mode="w+") as file:
        file.write("abc")
        file.writelines(["a"])
        file.truncate(1)
        file.rollover()
        file.fileno()


SUBJECT = Subject(
    "tempfile",
    calls=(
        op(_whole),
        *each("gettempdir gettempdirb gettempprefix mktemp mkdtemp _get_candidate_names"),
        op(lambda tempfile: __import__("os").close(tempfile.mkstemp(text=True)[0])),
        op(lambda tempfile: setattr(tempfile, "_name_sequence", None)),
        op(lambda tempfile: setattr(tempfile, "tempdir", None)),
    ),
    objects=(
        shared(
            "_RandomNameSequence",
            lambda tempfile: tempfile._RandomNameSequence(),
            op(lambda names: next(names)),
            promised=PROMISED,
        ),
        shared(
            "SpooledTemporaryFile",
            lambda tempfile: tempfile.SpooledTemporaryFile(8),
            op("write", data),
            *each("read tell rollover fileno truncate"),
            op("seek", st.just(0)),
            done=lambda file: file.close(),
        ),
        shared(
            "NamedTemporaryFile",
            lambda tempfile: tempfile.NamedTemporaryFile(),
            op("write", data),
            *each("flush tell close"),
            op(lambda file: file.__exit__(None, None, None)),
        ),
        shared(
            "TemporaryDirectory",
            lambda tempfile: tempfile.TemporaryDirectory(),
            op("cleanup"),
            op(repr),
        ),
    ),
    tests=("test.test_tempfile",),
)
