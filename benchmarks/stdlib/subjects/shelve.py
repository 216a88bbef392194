# SPDX-License-Identifier: MIT
"""shelve."""

from benchmarks.stdlib.subject import Subject, each, names, op, own, shared, small, trees


def _whole(shelve):
    with shelve.open(str(own("shelf")), writeback=True) as shelf:
        shelf["a"] = [1]
        shelf["a"].append(2)
        shelf.sync()
        del shelf["a"]
        return list(shelf), len(shelf), shelf.get("x", 1), "a" in shelf


_ops = (
    op(lambda shelf, key, value: shelf.__setitem__(key, value), names, trees),
    op(lambda shelf, key: shelf[key], names),
    op(lambda shelf, key: shelf.__delitem__(key), names),
    op(lambda shelf, key: key in shelf, names),
    op("get", names, small),
    *each("sync"),
    op(lambda shelf: list(shelf.items())),
    op(len),
)

SUBJECT = Subject(
    "shelve",
    calls=(op(_whole), op(lambda shelve: shelve.BsdDbShelf({}))),
    objects=(
        shared("Shelf", lambda shelve: shelve.Shelf({}), *_ops),
        shared("Shelf with writeback", lambda shelve: shelve.Shelf({}, writeback=True), *_ops, op("close")),
    ),
    tests=("test.test_shelve",),
)
