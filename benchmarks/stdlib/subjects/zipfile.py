# SPDX-License-Identifier: MIT
"""zipfile."""

import io

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, each, names, op, own, shared, small

PROMISED = "reading and writing take a lock, so that several members may be read at once"
_members = st.sampled_from(["a.txt", "b.txt", "sub/c.txt"])


def _archive(zipfile, mode="a"):
    made = zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED)
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        made.writestr(name, name * 200)
    if mode == "a":
        return made
    made.close()
    return zipfile.ZipFile(made.fp or io.BytesIO(made_bytes(made)), mode)


def made_bytes(archive):
    return b""


def _reader(zipfile):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name in ("a.txt", "b.txt", "sub/c.txt"):
            made.writestr(name, name * 200)
    return zipfile.ZipFile(file)


def _whole(zipfile, data, method):
    path = own("archive.zip")
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a", data)
        archive.comment = b"comment"
        archive.mkdir("folder")
        with archive.open("b", "w") as file:
            file.write(data)
        archive.write(__file__, "c", zipfile.ZIP_STORED)
    with zipfile.ZipFile(path, "a") as archive:
        archive.setpassword(b"x")
        archive.testzip(), archive.infolist(), archive.printdir(file=io.StringIO())
        archive.extractall(own("out"))
        with archive.open("c") as file:
            file.seek(3)
            file.read1(2), file.readline(), file.peek(3), file.tell(), file.seek(0), list(file)
    with zipfile.PyZipFile(io.BytesIO(), "w") as archive:
        archive.writepy(__file__)
    path = zipfile.Path(path)
    return (
        [one.name for one in path.iterdir()],
        (path / "a").read_bytes(),
        list(path.glob("*")),
        zipfile.is_zipfile(own("archive.zip")),
    )


SUBJECT = Subject(
    "zipfile",
    left_out={"zipfile.__main__": "a command"},
    calls=(op(_whole, data, st.sampled_from([0, 8, 12, 14])), op(lambda zipfile: zipfile.ZipInfo.from_file(__file__))),
    objects=(
        shared(
            "ZipFile that is read",
            _reader,
            *each("read getinfo", _members),
            op(lambda archive, name: list(archive.open(name)), _members),
            *each("namelist infolist testzip"),
            op(lambda archive: archive.extract("a.txt", own("out"))),
            promised=PROMISED,
            done=lambda archive: archive.close(),
        ),
        shared(
            "ZipFile that is written",
            _archive,
            op("writestr", names, data),
            op("read", _members),
            op("mkdir", names),
            op("namelist"),
            op(lambda archive: setattr(archive, "comment", b"x")),
            done=lambda archive: archive.close(),
        ),
        shared(
            "ZipExtFile",
            lambda zipfile: _reader(zipfile).open("a.txt"),
            op("read", small),
            *each("readline read1 tell"),
            op("seek", small),
            op("peek", small),
        ),
        shared(
            "zipfile.Path",
            lambda zipfile: zipfile.Path(_reader(zipfile)),
            op(lambda path: [str(one) for one in path.iterdir()]),
            op(lambda path: (path / "a.txt").read_text()),
            op(lambda path: path.joinpath("sub").is_dir()),
        ),
    ),
    tests=("test.test_zipfile",),
    not_tests=("LargeZip", "zip64"),
)
