# SPDX-License-Identifier: MIT
"""csv."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, own, shared, strings

_rows = st.lists(strings, max_size=4)
_csv = st.sampled_from(["a,b\n1,2\n3,4\n", "a;b\r\n'x y';2\r\n", "", '"q""q",2\n' * 5])


def _written(csv, rows):
    with own("rows.csv").open("w+", newline="") as file:
        writer = csv.DictWriter(file, ["a", "b"], extrasaction="ignore")
        writer.writeheader()
        writer.writerow({"a": 1})
        writer.writerows([{"a": 2, "c": 3}])
        csv.writer(file).writerows(rows)
        file.seek(0)
        return list(csv.DictReader(file, restkey="rest"))


SUBJECT = Subject(
    "csv",
    calls=(
        op(_written, _rows),
        op(lambda csv, text: csv.Sniffer().sniff(text), _csv),
        op(lambda csv, text: csv.Sniffer().has_header(text), _csv),
        op("register_dialect", names, delimiter=st.sampled_from(";,:")),
        *each("unregister_dialect get_dialect", names),
        *each("list_dialects"),
        op("field_size_limit", st.just(9999)),
        op(lambda csv, text: csv.DictReader(text.splitlines()).fieldnames, _csv),
    ),
    objects=(
        shared(
            "DictReader",
            lambda csv: csv.DictReader(["a,b", "1,2", "3,4"] * 9),
            op(lambda reader: next(reader)),
            op(lambda reader: reader.fieldnames),
            op(lambda reader, names: setattr(reader, "fieldnames", names), st.lists(names, max_size=2)),
        ),
        shared("Sniffer", lambda csv: csv.Sniffer(), op("sniff", _csv), op("has_header", _csv)),
    ),
    tests=("test.test_csv",),
)
