# SPDX-License-Identifier: MIT
"""inspect."""

import functools

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, numbers, op, shared, small, text, words


def _sample(a, b=1, *args, c, d: int = 2, **kwargs):
    """A function.

    Indented.
    """
    return locals()


class _Sample:
    """A class."""

    attribute = 1
    wrapped = functools.partialmethod(_sample, 1)

    def method(self, x, /, y=2):
        return x

    @property
    def prop(self):
        """A property."""


_objects = st.sampled_from(
    [_sample, _Sample, _Sample.method, functools.partial(_sample, 1, c=2), len, dict, str.join, _Sample()]
)


def _generator():
    value = yield 1
    yield value


SUBJECT = Subject(
    "inspect",
    calls=(
        *each("signature getdoc getcomments getfile getsource getsourcefile getsourcelines getmodule unwrap", _objects),
        *each(
            "getmembers getmembers_static isfunction isroutine isclass isabstract getmro classify_class_attrs", _objects
        ),
        *each("getfullargspec getclosurevars get_annotations ismethoddescriptor isdatadescriptor", _objects),
        op("getcallargs", st.just(_sample), numbers, c=small),
        op(lambda inspect, x: inspect.signature(_sample).bind(x, c=1).apply_defaults(), numbers),
        op(lambda inspect: inspect.signature(_sample).replace(parameters=[]).bind()),
        op(lambda inspect: [inspect.stack(), inspect.trace(), inspect.currentframe()]),
        op(lambda inspect: inspect.getinnerframes(None)),
        op("cleandoc", text),
        op("getattr_static", _objects, st.sampled_from(["method", "attribute", "prop", "absent"])),
        op(lambda inspect: inspect.getgeneratorstate(_generator())),
        op(lambda inspect: inspect.getgeneratorlocals(_generator())),
        op(lambda inspect: str(inspect.signature(_sample))),
        op(lambda inspect: inspect.getclasstree([_Sample, int, bool])),
        op(lambda inspect: inspect.formatargvalues(*inspect.getargvalues(inspect.currentframe()))),
        op("getmodulename", words),
        op("indentsize", text),
        op(lambda inspect: inspect.iscoroutinefunction(inspect.markcoroutinefunction(lambda: 1))),
        op(lambda inspect: inspect.getblock(["def f():\n", "    x\n", "y\n"])),
    ),
    objects=(
        shared(
            "BoundArguments",
            lambda inspect: inspect.signature(_sample).bind(1, c=2),
            op("apply_defaults"),
            op(lambda bound: (bound.args, bound.kwargs)),
            op(lambda bound, x: bound.arguments.__setitem__("a", x), numbers),
            op(repr),
        ),
        shared(
            "Signature",
            lambda inspect: inspect.signature(_sample),
            op("bind", numbers, c=numbers),
            op("replace"),
            op(str),
            op(hash),
            promised="signatures are immutable",
        ),
    ),
    tests=("test.test_inspect.test_inspect",),
)
