# SPDX-License-Identifier: MIT
"""configparser."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, own, shared, words

_source = st.sampled_from(
    [
        "[a]\nb = 1\nc: %(b)s\n",
        "[DEFAULT]\nx=${a:b}\n[a]\nb=1\n multi\n  line\n",
        "no section",
        "[a]\n[a]\n",
        "[a]\nkey\n",
    ]
)


def _parse(configparser, source):
    parser = configparser.ConfigParser(allow_no_value=True, interpolation=configparser.ExtendedInterpolation())
    parser.read_string(source)
    parser.read_dict({"s": {"t": 1}})
    with own("config").open("w+") as file:
        parser.write(file)
    parser.read([str(own("config")), "absent"])
    return {section: dict(parser[section]) for section in parser}


_ops = (
    op("read_string", _source),
    op("add_section", names),
    op("set", names, names, st.sampled_from(["1", "%(b)s", "yes", "%"])),
    *each("get getint getfloat getboolean remove_option has_option", names, names),
    *each("has_section remove_section options items", names),
    *each("sections defaults items"),
    op("read_dict", st.dictionaries(names, st.dictionaries(names, words, max_size=2), max_size=2)),
    op(lambda parser: parser.write(own("written").open("w"))),
    op(lambda parser, name: parser[name].get("b", fallback="no"), names),
    op(lambda parser, name: parser.__setitem__(name, {"k": "v"}), names),
    op(lambda parser, name: parser.__delitem__(name), names),
    op(lambda parser, name: parser[name].__setitem__("k", "v"), names),
    op(lambda parser: parser.converters.__setitem__("list", list)),
    op("popitem"),
    op("optionxform", names),
)

SUBJECT = Subject(
    "configparser",
    calls=(
        op(_parse, _source),
        op(lambda configparser, source: configparser.RawConfigParser().read_string(source), _source),
        op(lambda configparser: configparser.ConfigParser(converters={"list": str.split})),
    ),
    objects=(shared("ConfigParser", lambda configparser: configparser.ConfigParser(), *_ops),),
    tests=("test.test_configparser",),
)
