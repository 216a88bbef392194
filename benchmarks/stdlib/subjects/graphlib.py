# SPDX-License-Identifier: MIT
"""graphlib."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, shared

_graphs = st.dictionaries(names, st.lists(names, max_size=3), max_size=4)


def _ordered(graphlib, graph):
    return list(graphlib.TopologicalSorter(graph).static_order())


SUBJECT = Subject(
    "graphlib",
    calls=(op(_ordered, _graphs),),
    objects=(
        shared(
            "TopologicalSorter",
            lambda graphlib: graphlib.TopologicalSorter({"a": "bc", "b": "d", "c": "d"}),
            op("add", names, names),
            *each("prepare get_ready is_active"),
            op("done", names),
            op(lambda sorter: sorter.done(*sorter.get_ready())),
        ),
    ),
    tests=("test.test_graphlib",),
)
