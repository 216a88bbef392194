# SPDX-License-Identifier: MIT
"""http.cookiejar: the jar has a lock of its own."""

import email.message
import urllib.request

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, numbers, op, own, shared, words

PROMISED = "CookieJar has a lock of its own, which each of its methods takes"
_URLS = ("http://example.com/", "http://a.example.com/b/c", "https://other.org/x")
_urls = st.sampled_from(_URLS)
_cookies = st.sampled_from(
    [
        "a=1; path=/; domain=.example.com",
        "b=2; Max-Age=3000",
        "c=3; expires=Wed, 09 Jun 2100 10:18:14 GMT; secure",
        "d=4; Version=1; Port",
        "e=5; Max-Age=0",
        'f="6"; Version="1"; Path="/"; Discard',
        "g; HttpOnly",
    ]
)


class _Response:
    def __init__(self, cookie):
        self.message = email.message.Message()
        self.message["Set-Cookie"] = cookie
        self.message["Set-Cookie2"] = cookie

    def info(self):
        return self.message


_ops = (
    op(lambda jar, cookie, url: jar.extract_cookies(_Response(cookie), urllib.request.Request(url)), _cookies, _urls),
    op(lambda jar, cookie, url: jar.make_cookies(_Response(cookie), urllib.request.Request(url)), _cookies, _urls),
    op(lambda jar, url: jar.add_cookie_header(urllib.request.Request(url)), _urls),
    *each("clear clear_session_cookies clear_expired_cookies"),
    op("clear", st.sampled_from(["example.com", ".example.com"])),
    op(lambda jar: [str(cookie) + repr(cookie) for cookie in jar]),
    op(len),
    op(lambda jar: jar.set_policy(jar._policy)),
    op(lambda jar: repr(jar) + str(jar)),
)
_files = (
    op(lambda jar: jar.save(own("cookies"), ignore_discard=True, ignore_expires=True)),
    op(lambda jar: jar.load(own("cookies"))),
    op(lambda jar: jar.revert(own("cookies"))),
)


def _used(cookiejar, kind, cookie, url):
    jar = getattr(cookiejar, kind)(policy=cookiejar.DefaultCookiePolicy(rfc2965=True, strict_domain=True))
    jar.extract_cookies(_Response(cookie), urllib.request.Request(url))
    jar.add_cookie_header(urllib.request.Request(url))
    jar.save(own("jar"), ignore_discard=True)
    jar.load(own("jar"), ignore_discard=True)
    return list(jar)


SUBJECT = Subject(
    "http.cookiejar",
    calls=(
        *(
            op(lambda m, c, u, kind=kind: _used(m, kind, c, u), _cookies, _urls)
            for kind in ("LWPCookieJar", "MozillaCookieJar")
        ),
        op("time2isoz", numbers),
        op("time2netscape", numbers),
        op("http2time", st.sampled_from(["Wed, 09 Feb 1994 22:23:32 GMT", "09-Feb-94", "x"])),
        op("iso2time", st.sampled_from(["1994-02-03 14:15:29", "19940203", "x"])),
        *each("split_header_words parse_ns_headers", st.lists(_cookies, max_size=2)),
        op("is_HDN", words),
    ),
    objects=(
        shared("CookieJar", lambda cookiejar: cookiejar.CookieJar(), *_ops, promised=PROMISED),
        shared("LWPCookieJar", lambda cookiejar: cookiejar.LWPCookieJar(), *_ops, *_files, promised=PROMISED),
        shared("MozillaCookieJar", lambda cookiejar: cookiejar.MozillaCookieJar(), *_ops, *_files, promised=PROMISED),
        shared(
            "DefaultCookiePolicy",
            lambda cookiejar: cookiejar.DefaultCookiePolicy(blocked_domains=["x.org"]),
            *each("set_blocked_domains set_allowed_domains", st.lists(names, max_size=2)),
            *each("is_blocked is_not_allowed", words),
            *each("blocked_domains allowed_domains"),
        ),
    ),
    tests=("test.test_http_cookiejar",),
)
