# SPDX-License-Identifier: MIT
"""codecs."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, dicts, each, lists, names, op, own, shared, small, strings, text

_names = st.sampled_from(
    ["utf-8", "latin-1", "utf-16", "idna", "punycode", "rot13", "hex", "cp1252", "utf-8-sig", "none"]
)


def _streams(codecs, name, data):
    with own("stream").open("wb+") as file:
        stream = codecs.getwriter(name)(file)
        stream.write("text\nmore\n")
        stream.writelines(["a", "b"])
        stream.reset()
        file.seek(0)
        reader = codecs.getreader(name)(file)
        reader.readline()
        reader.readlines()
        reader.seek(0)
        for _ in reader:
            pass


def _open(codecs, name):
    with codecs.open(str(own("file")), "w+", name) as file:
        file.write("a\nb\n")
        file.seek(0)
        list(file)
        file.reset()
        file.readline()


def _recoder(codecs):
    with own("recoded").open("wb+") as file:
        recoder = codecs.EncodedFile(file, "latin-1", "utf-8")
        recoder.write(b"\xe9\n")
        recoder.writelines([b"a"])
        recoder.seek(0)
        recoder.readline()
        recoder.readlines()
        recoder.read()
        recoder.reset()


SUBJECT = Subject(
    "codecs",
    files=("encodings",),
    fresh=False,
    calls=(
        *each("lookup getencoder getdecoder getincrementalencoder getincrementaldecoder", _names),
        op("encode", text, _names),
        op("decode", data, _names),
        op(lambda codecs, name, text: codecs.iterencode(text, name), _names, strings),
        op(lambda codecs, name, items: codecs.iterdecode(items, name), _names, st.lists(data, max_size=3)),
        op(_streams, _names, data),
        op(_open, _names),
        op(_recoder),
        op("register_error", names, st.just(lambda error: ("", error.end))),
        op("lookup_error", names),
        op(lambda codecs, name: [codecs.register(found := lambda _: None), codecs.unregister(found)], _names),
        *each("make_identity_dict", lists),
        op("make_encoding_map", dicts),
        op(lambda codecs: codecs.BufferedIncrementalEncoder().encode("a")),
    ),
    objects=(
        shared(
            "IncrementalDecoder",
            lambda codecs: codecs.getincrementaldecoder("utf-16")(),
            op("decode", data),
            *each("reset getstate"),
            op(lambda decoder: decoder.setstate((b"", 0))),
        ),
        shared(
            "StreamReader",
            lambda codecs: codecs.getreader("utf-8")(__import__("io").BytesIO(b"a\nb\nc\n" * 20)),
            *each("read readline readlines reset"),
            op("read", small, small),
            op("seek", st.just(0)),
            op(lambda reader: next(reader)),
        ),
    ),
    tests=("test.test_codecs",),
)
