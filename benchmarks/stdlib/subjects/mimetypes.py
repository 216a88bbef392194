# SPDX-License-Identifier: MIT
"""mimetypes."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, flags, op, own, shared

_urls = st.sampled_from(["a.txt", "b.tar.gz", "http://x/y.html", "data:text/plain;base64,xx", "c.unknown", "d.TGZ"])
_types = st.sampled_from(["text/plain", "image/png", "no/such"])


def _read(mimetypes):
    own("types").write_text("text/own own ow # comment\n")
    return mimetypes.read_mime_types(str(own("types")))


_ops = (
    *each("guess_type guess_extension guess_all_extensions", _urls),
    *each("guess_extension guess_all_extensions", _types, flags),
    op("add_type", _types, st.sampled_from([".x", ".y"]), flags),
    op("guess_file_type", _urls),
)

SUBJECT = Subject(
    "mimetypes",
    calls=(*_ops, op("init"), op("init", st.just(())), op(_read), op(lambda mimetypes: mimetypes.MimeTypes())),
    objects=(
        shared(
            "MimeTypes",
            lambda mimetypes: mimetypes.MimeTypes(),
            *_ops,
            op(lambda types: types.readfp(["text/own own\n"])),
        ),
    ),
    tests=("test.test_mimetypes",),
)
