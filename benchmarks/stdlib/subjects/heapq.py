# SPDX-License-Identifier: MIT
"""heapq, the one in Python."""

from benchmarks.stdlib.subject import Subject, each, filled, lists, numbers, op, shared, small

SUBJECT = Subject(
    "heapq",
    blocked=("_heapq",),
    calls=(
        *each("heapify heappop _heapify_max _heappop_max", filled),
        *each("heappush heapreplace heappushpop _heapreplace_max", filled, numbers),
        *each("nlargest nsmallest", small, lists),
        op(lambda heapq, n, items: heapq.nlargest(n, items, key=abs), numbers, lists),
        op(lambda heapq, n, items: heapq.nsmallest(n, items, key=abs), numbers, lists),
        op(lambda heapq, one, other: heapq.merge(sorted(one), sorted(other)), lists, lists),
        op(lambda heapq, one, two: heapq.merge(sorted(one), sorted(two), key=abs, reverse=True), lists, lists),
        op(lambda heapq, one, two: heapq.merge(sorted(one), sorted(two), reverse=True), lists, lists),
        op(lambda heapq, one, two: heapq.merge(sorted(one), sorted(two), key=abs), lists, lists),
    ),
    objects=(
        shared(
            "list",
            lambda heapq: (heapq, [1, 3, 5]),
            op(lambda pair, x: pair[0].heappush(pair[1], x), numbers),
            op(lambda pair: pair[0].heappop(pair[1])),
            op(lambda pair, x: pair[0].heapreplace(pair[1], x), numbers),
            op(lambda pair, x: pair[0].heappushpop(pair[1], x), numbers),
            op(lambda pair: pair[0].heapify(pair[1])),
        ),
    ),
    tests=("test.test_heapq",),
)
