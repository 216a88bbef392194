# SPDX-License-Identifier: MIT
"""pathlib."""

from pathlib import PurePosixPath

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, op, own, shared, words

_paths = st.sampled_from(["a/b.c", "/x/../y", "", ".", "a//b/", "/abs/file.tar.gz", "~", "a\x00"])
_patterns = st.sampled_from(["*", "**/*.c", "a?", "[", "**", "../x", "/x"])


def _files(pathlib):
    folder = pathlib.Path(str(own("tree")))
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    file = folder / "sub" / "file.txt"
    file.write_text("text")
    file.write_bytes(file.read_bytes())
    file.touch()
    file.chmod(0o600)
    list(folder.rglob("*")), list(folder.iterdir()), list(folder.walk())
    file.exists(), file.is_file(), file.is_symlink(), file.samefile(file), file.resolve(), file.absolute(), file.stat()
    file.rename(folder / "other")
    (folder / "link").symlink_to("other")
    (folder / "link").readlink()
    (folder / "link").unlink(missing_ok=True)
    (folder / "other").replace(folder / "sub" / "third")
    (folder / "sub" / "third").unlink()
    (folder / "sub").rmdir()
    pathlib.Path.cwd(), pathlib.Path.home(), folder.owner(), folder.is_mount()


_properties = op(
    lambda path: [
        getattr(path, name)
        for name in ("parts", "drive", "root", "anchor", "name", "suffix", "suffixes", "stem", "parent", "parents")
    ]
)
_pure = (
    _properties,
    op(str),
    op(hash),
    op(lambda path: bytes(path)),
    op(lambda path, other: path / other, _paths),
    op(lambda path, other: path.relative_to(other, walk_up=True), _paths),
    op("match", _patterns),
    op("full_match", _patterns),
    op("with_name", words),
    op("with_suffix", st.just(".x")),
    op("with_stem", words),
    *each("as_posix as_uri is_absolute is_reserved __reduce__ __repr__"),
    op(lambda path: path < type(path)("b")),
    op(lambda path: path == PurePosixPath("a/b")),
    op("joinpath", _paths, _paths),
    op("is_relative_to", _paths),
)

SUBJECT = Subject(
    "pathlib",
    calls=(
        op(_files),
        *(
            op(lambda m, p, kind=kind: [str(getattr(m, kind)(p)), getattr(m, kind)(p).suffix], _paths)
            for kind in ("PurePosixPath", "PureWindowsPath")
        ),
        op(lambda pathlib, path, pattern: pathlib.Path(path).glob(pattern), _paths, _patterns),
        op(lambda pathlib, path: pathlib.Path(path).expanduser(), _paths),
        op(lambda pathlib: pathlib.Path.from_uri("file:///a%20b")),
        op(lambda pathlib, path: pathlib.PurePath(path, path).parents[0], _paths),
    ),
    objects=(
        shared(
            "PurePosixPath",
            lambda m: m.PurePosixPath("a", "b/c.d"),
            *_pure,
            promised="paths are immutable and hashable",
        ),
        shared(
            "PureWindowsPath",
            lambda m: m.PureWindowsPath("c:a", "b/c.d"),
            *_pure,
            promised="paths are immutable and hashable",
        ),
    ),
    left_out={"pathlib._abc": "private classes for paths that are not in the file system"},
    tests=("test.test_pathlib",),
)
