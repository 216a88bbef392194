# SPDX-License-Identifier: MIT
"""urllib.request: openers on schemes that need no network."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, each, flags, names, op, own, shared, text, words

_urls = st.sampled_from(
    ["data:text/plain;base64,YWJj", "data:,x", "file:///etc/hostname", "file:///no/such", "unknown:x", "nothing"]
)


def _file(request, text):
    path = own("file.txt").absolute()
    path.write_text(text)
    with request.urlopen(path.as_uri()) as answer:
        answer.read()
    return request.urlretrieve(path.as_uri(), str(own("copy"))), request.urlcleanup()


def _request(request):
    made = request.Request("http://h/x#f", data=b"a", headers={"A": "b"}, method="PUT")
    made.add_header("C", "d")
    made.add_unredirected_header("E", "f")
    made.set_proxy("proxy", "http")
    made.full_url = "http://other/"
    made.data = None
    made.remove_header("C")
    return made.get_method(), made.header_items(), made.has_header("A"), made.has_proxy(), made.selector


def _auth(request, password):
    manager = request.HTTPPasswordMgrWithPriorAuth()
    manager.add_password(None, "http://h/x", "user", password, is_authenticated=True)
    manager.update_authenticated("http://h/y", True)
    handler = request.ProxyBasicAuthHandler(manager)
    digest = request.HTTPDigestAuthHandler(manager)
    digest.add_password("realm", "http://h/x", "user", password)
    answer = digest.get_authorization(request.Request("http://h/x"), {"realm": "realm", "nonce": "n", "qop": "auth"})
    return manager.find_user_password("realm", "http://h/x/z"), manager.is_authenticated("http://h/x"), handler, answer


_ops = (
    op("add_password", names, st.just("http://h/x"), names, names),
    op("find_user_password", names, st.sampled_from(["http://h/x/y", "http://h:80/", "h"])),
)

SUBJECT = Subject(
    "urllib.request",
    files=("urllib.response", "urllib.error"),
    calls=(
        op(lambda request, url: request.urlopen(url).read(), _urls),
        op(lambda request, url: request.urlretrieve(url), _urls),
        op(_file, text),
        op(_request),
        op(_auth, words),
        op(lambda request: request.install_opener(request.build_opener())),
        op(lambda request: request.install_opener(None)),
        op("urlcleanup"),
        *each("getproxies getproxies_environment"),
        op("proxy_bypass_environment", words),
        op("proxy_bypass", words),
        *each("parse_http_list", st.just(['a="b,c", d'])),
        op("parse_keqv_list", st.just(['a="b"', "c=d"])),
        *each("pathname2url url2pathname thishost localhost noheaders request_host", words),
        op(lambda request: request.ProxyHandler({"http": "http://u:p@proxy:3/"})),
        op(
            lambda request: request.HTTPRedirectHandler().redirect_request(
                request.Request("http://h/"), None, 302, "x", {}, "http://i/"
            )
        ),
        op(lambda request: request.HTTPCookieProcessor().http_request(request.Request("http://h/"))),
        op(lambda request: request.CacheFTPHandler().clear_cache()),
    ),
    objects=(
        shared(
            "OpenerDirector",
            lambda request: request.build_opener(),
            op(lambda opener, url: opener.open(url).read(), _urls),
            op(lambda opener: opener.add_handler(type(opener.handlers[0])())),
            op(lambda opener: opener.addheaders.append(("A", "b"))),
            op("close"),
            promised="the module's own is shared by all who call `urlopen()`",
        ),
        shared("HTTPPasswordMgr", lambda request: request.HTTPPasswordMgr(), *_ops),
        shared(
            "HTTPPasswordMgrWithPriorAuth",
            lambda request: request.HTTPPasswordMgrWithPriorAuth(),
            *_ops,
            op("update_authenticated", st.just("http://h/x"), flags),
            op("is_authenticated", st.just("http://h/x")),
        ),
        shared(
            "Request",
            lambda request: request.Request("http://h/x"),
            op("add_header", names, words),
            op("header_items"),
            op("get_method"),
            op("set_proxy", words, st.just("http")),
            op(lambda r, d: setattr(r, "data", d), data),
        ),
        shared(
            "HTTPDigestAuthHandler",
            lambda request: _digest(request),
            op(
                lambda handler: handler.get_authorization(
                    __import__("urllib.request").request.Request("http://h/x"),
                    {"realm": "realm", "nonce": "n", "qop": "auth"},
                )
            ),
            op(
                lambda handler: handler.get_authorization(
                    __import__("urllib.request").request.Request("http://h/x"),
                    {"realm": "realm", "nonce": "m", "qop": "auth"},
                )
            ),
            op("reset_retry_count"),
        ),
    ),
    tests=("test.test_urllib", "test.test_urllib2"),
)


def _digest(request):
    handler = request.HTTPDigestAuthHandler(request.HTTPPasswordMgr())
    handler.add_password("realm", "http://h/x", "user", "password")
    return handler
