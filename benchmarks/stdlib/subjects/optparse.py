# SPDX-License-Identifier: MIT
"""optparse."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, numbers, op, shared, words

_arguments = st.lists(
    st.sampled_from(["-v", "--number=3", "-n", "x", "--na", "a", "--bad", "-vv", "--choice=a", "--"]), max_size=4
)


def _parser(optparse):
    parser = (
        optparse.OptionParser(usage="%prog [options]", version="1", exit_on_error=False)
        if False
        else optparse.OptionParser(version="1")
    )
    parser.add_option("-v", action="count", default=0)
    parser.add_option("-n", "--number", type="int", help="a number [%default]", default=1)
    parser.add_option("--name", action="append")
    parser.add_option("--choice", type="choice", choices=["a", "b"])
    parser.add_option("--call", action="callback", callback=lambda *args: None)
    group = optparse.OptionGroup(parser, "group")
    group.add_option("-x", action="store_true", dest="x")
    parser.add_option_group(group)
    parser.exit = lambda *args: None
    return parser


SUBJECT = Subject(
    "optparse",
    calls=(
        op(lambda optparse, arguments: _parser(optparse).parse_args(arguments), _arguments),
        op(lambda optparse: _parser(optparse).format_help()),
        op(lambda optparse: _parser(optparse).get_usage()),
        op(lambda optparse: optparse.TitledHelpFormatter().format_usage("x")),
    ),
    objects=(
        shared(
            "OptionParser",
            _parser,
            op("parse_args", _arguments),
            *each("format_help get_usage get_version disable_interspersed_args destroy"),
            op("set_default", st.just("number"), numbers),
            op("set_defaults", number=numbers),
            op(lambda parser, name: parser.add_option(f"--{name}"), names),
            *each("has_option get_option remove_option", st.sampled_from(["-v", "--name", "--a"])),
            op("set_usage", words),
        ),
    ),
    tests=("test.test_optparse",),
)
