# SPDX-License-Identifier: MIT
"""urllib.parse."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, dicts, each, flags, op, shared, words

_urls = st.sampled_from(
    [
        "http://u:p@host:80/a/b;c?q=1&r=2#f",
        "//x/y",
        "mailto:a@b",
        "http://[::1]:x/",
        "a b",
        "/..",
        "",
        "data:,x%20",
        "http://é/",
        "../../g/./h/",
        "%41%zz%20",
        "a=1&a=2;b&c=",
        "http://h/a/b/../c/.",
    ]
)

SUBJECT = Subject(
    "urllib.parse",
    calls=(
        *each(
            "urlparse urlsplit urldefrag quote quote_plus"
            " unquote unquote_plus unquote_to_bytes parse_qs parse_qsl unwrap",
            _urls,
        ),
        *each("urljoin", _urls, _urls),
        op(lambda parse, url: parse.urlunsplit(parse.urlsplit(url)), _urls),
        op(lambda parse, url: parse.urlunparse(parse.urlparse(url)), _urls),
        op("urlencode", dicts, flags),
        op(lambda parse, url: parse.urlsplit(url.encode()).geturl(), _urls),
        op(
            lambda parse, url: [parse.urlsplit(url).port, parse.urlsplit(url).hostname, parse.urlsplit(url).username],
            _urls,
        ),
        op("quote", words, st.sampled_from(["", "/", "é", "%"])),
        op(lambda parse: parse.clear_cache()),
        op(
            lambda parse: [setattr(parse, name, None) for name in ("_typeprog", "_hostprog", "_portprog", "_hextobyte")]
        ),
        op("urlencode", st.just({"a": [1, "b"], b"c": b"d", "e": 5}), flags),
        op("urlencode", st.just([("a", (1, 2)), ("b", "x")]), doseq=flags),
        op("quote_from_bytes", data, st.sampled_from(["", "/", "ab", "&"])),
        *each("splittype splithost splitport splitquery splittag splitattr splituser splitpasswd", _urls),
    ),
    objects=(
        shared(
            "SplitResult",
            lambda parse: parse.urlsplit("http://u:p@h:1/x"),
            op(lambda url: [url.port, url.hostname, url.password, url.geturl(), url.encode()]),
            promised="results are named tuples",
        ),
        shared(
            "_Quoter",
            lambda parse: parse._Quoter(b"/"),
            op(lambda quoter, x: quoter[x], st.integers(0, 255)),
            promised="it is in a cache of the module",
        ),
    ),
    tests=("test.test_urlparse",),
)
