# SPDX-License-Identifier: MIT
"""argparse."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, numbers, op, shared

_arguments = st.lists(st.sampled_from(["-v", "--number", "3", "sub", "x", "--nu=4", "--bad", "-h"]), max_size=4)


def _parser(argparse):
    parser = argparse.ArgumentParser("prog", exit_on_error=False)
    parser.add_argument("-v", action="count", default=0)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--number", type=int, default=1, help="a number (%(default)s)")
    group.add_argument("--list", nargs="*", action="extend")
    parser.set_defaults(other=1)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("sub").add_argument("files", nargs="?")
    parser.exit = lambda *args, **kwargs: None
    return parser


SUBJECT = Subject(
    "argparse",
    calls=(
        op(lambda argparse, arguments: _parser(argparse).parse_args(arguments), _arguments),
        op(lambda argparse: _parser(argparse).format_help()),
        op(lambda argparse: argparse.ArgumentParser(parents=[argparse.ArgumentParser(add_help=False)]).format_usage()),
        op(lambda argparse: argparse.ArgumentParser(formatter_class=argparse.MetavarTypeHelpFormatter).format_help()),
    ),
    objects=(
        shared(
            "ArgumentParser",
            _parser,
            *each("parse_args parse_known_args parse_intermixed_args", _arguments),
            *each("format_help format_usage"),
            op("set_defaults", number=numbers),
            op("get_default", st.just("number")),
            op(lambda parser, name: parser.add_argument(f"--{name}"), names),
        ),
    ),
    tests=("test.test_argparse",),
)
