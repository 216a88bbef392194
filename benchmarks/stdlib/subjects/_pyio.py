# SPDX-License-Identifier: MIT
"""io, the one in Python: _pyio."""

from pathlib import Path

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, each, numbers, op, own, shared, small, text

PROMISED = "buffered objects protect their internal structures by a lock"


def _file(pyio, mode, data):
    path = own("file")
    path.write_bytes(b"line\nmore\n" * 3)
    with pyio.open(path, mode + "b") as file:
        file.seek(1)
        file.tell()
        for function, *args in (
            ("write", data),
            ("read", 3),
            ("readline",),
            ("readlines",),
            ("truncate",),
            ("peek",),
            ("read1",),
        ):
            try:
                getattr(file, function)(*args)
            except (OSError, AttributeError, ValueError):
                pass


def _text(pyio, newline, text):
    with pyio.open(own("text"), "w+", newline=newline, encoding="utf-8") as file:
        file.write(text)
        file.writelines([text])
        file.seek(0)
        file.readline()
        file.tell()
        file.read(2)
        file.seek(0)
        list(file)
        file.truncate(0)
        file.reconfigure(errors="replace", line_buffering=True)
        file.detach()


def _bytes(pyio, data):
    file = pyio.BytesIO(data)
    file.write(b"x")
    file.seek(-1, 2)
    file.readinto(bytearray(2))
    file.truncate(1)
    file.getbuffer()
    return file.getvalue(), file.__getstate__()


def _opened(pyio, mode, buffering=4):
    path = Path("shared-file")
    path.write_bytes(b"line\nmore\n" * 30)
    return pyio.open(path, mode, buffering)


_reads = (
    op("read", small),
    op("read1", small),
    op("peek", small),
    op("seek", numbers),
    op("readinto", st.builds(bytearray, small)),
    *each("read readline tell"),
)
_writes = (op("write", data), op("seek", small), *each("flush tell truncate"), op("truncate", small))


def _close(file):
    try:
        file.close()
    except (OSError, ValueError):
        pass


SUBJECT = Subject(
    "_pyio",
    title="io",
    calls=(
        op(_file, st.sampled_from(["r", "w", "a", "r+", "w+"]), data),
        op(_text, st.sampled_from([None, "", "\n", "\r\n"]), text),
        op(_bytes, data),
        op(lambda pyio, text: pyio.StringIO(text, newline=None).readlines(), text),
        op(lambda pyio, text: pyio.IncrementalNewlineDecoder(None, True).decode(text + "\r"), text),
        op(lambda pyio: pyio.BufferedRWPair(pyio.BytesIO(b"a"), pyio.BytesIO()).read()),
        op(lambda pyio: pyio.FileIO(own("raw"), "w").close()),
        op("text_encoding", st.just(None)),
    ),
    objects=(
        shared("BufferedReader", lambda pyio: _opened(pyio, "rb"), *_reads, promised=PROMISED, done=_close),
        shared("BufferedWriter", lambda pyio: _opened(pyio, "wb"), *_writes, promised=PROMISED, done=_close),
        shared("BufferedRandom", lambda pyio: _opened(pyio, "r+b"), *_reads, *_writes, promised=PROMISED, done=_close),
        shared("BytesIO", lambda pyio: pyio.BytesIO(b"abcdef"), *_reads, *_writes, op("getvalue")),
        shared(
            "TextIOWrapper",
            lambda pyio: pyio.TextIOWrapper(pyio.BytesIO(b"line\nmore\n" * 9), encoding="utf-8"),
            op("read", small),
            op("write", text),
            op("seek", st.just(0)),
            *each("readline tell flush truncate"),
            op("reconfigure", errors=st.just("replace")),
        ),
        shared("StringIO", lambda pyio: pyio.StringIO("a\nb\n"), op("read", small), op("write", text), op("getvalue")),
        shared(
            "FileIO",
            lambda pyio: _opened(pyio, "r+b", 0),
            op("read", small),
            op("write", data),
            op("seek", small),
            *each("tell readall seekable writable"),
            done=_close,
        ),
    ),
    tests=("test.test_io",),
    not_tests=("CBuffered", "CTextIO", "CIOTest", "CMisc", "CSignals", "SignalsTest", "CBytesIO"),
)
