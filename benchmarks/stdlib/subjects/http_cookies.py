# SPDX-License-Identifier: MIT
"""http.cookies."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, shared, text, words

_texts = st.sampled_from(["a=1; Path=/; Secure", 'b="x\\054y"', "c=3; HttpOnly; bad", "x", "$Version=1; d=4"])

SUBJECT = Subject(
    "http.cookies",
    calls=(
        op(lambda cookies, text: cookies.SimpleCookie(text).output(), _texts),
        op(lambda cookies, text: cookies.SimpleCookie(text).js_output(), _texts),
        op(lambda cookies, text: cookies._unquote(cookies._quote(text)), text),
        op(lambda cookies: cookies.Morsel().copy().setdefault("path", "/")),
    ),
    objects=(
        shared(
            "SimpleCookie",
            lambda cookies: cookies.SimpleCookie("a=1"),
            op("load", _texts),
            op(lambda jar, name, value: jar.__setitem__(name, value), names, words),
            op(lambda jar, name: jar[name].__setitem__("max-age", 3), names),
            *each("output js_output"),
            op(repr),
        ),
        shared(
            "Morsel",
            lambda cookies: cookies.Morsel(),
            op("set", names, words, words),
            op("update", st.just({"path": "/"})),
            op("setdefault", st.just("path"), words),
            *each("OutputString copy"),
            op(lambda morsel: morsel.__setstate__(morsel.__getstate__())),
            op(lambda morsel: morsel == morsel.copy()),
        ),
    ),
    tests=("test.test_http_cookies",),
)
