# SPDX-License-Identifier: MIT
"""xmlrpc.client, against a transport that answers by itself."""

import datetime
import io

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, names, op, shared

_values = st.recursive(
    st.sampled_from([None, True, 1, 1.5, "text <&>", b"bytes", datetime.datetime(2024, 1, 2)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=2),
    max_leaves=5,
)


def _proxy(client):
    class Transport(client.Transport):
        def single_request(self, host, handler, request_body, verbose=False):
            self.verbose = verbose
            params, method = client.loads(request_body)
            answer = [list(params)] if method != "system.multicall" else [[[1] for _ in params[0]]]
            return self.parse_response(
                io.BytesIO(client.dumps((answer,), methodresponse=True, allow_none=True).encode())
            )

    return client.ServerProxy("http://localhost/RPC2", transport=Transport(), allow_none=True)


def _several(proxy):
    import xmlrpc.client

    calls = xmlrpc.client.MultiCall(proxy)
    calls.a.b(1)
    calls.c()
    return list(calls())


def _parsed(client):
    target = client.Unmarshaller(use_builtin_types=True)
    parser = client.ExpatParser(target)
    parser.feed(client.dumps((1, "a"), "method"))
    parser.close()
    return target.getmethodname(), target.close()


SUBJECT = Subject(
    "xmlrpc.client",
    calls=(
        op(lambda client, value: client.loads(client.dumps((value,), allow_none=True)), _values),
        op(
            lambda client, value: client.loads(client.dumps((value,), allow_none=True), use_builtin_types=True), _values
        ),
        op(lambda client: client.loads(client.dumps(client.Fault(1, "text"), methodresponse=True))),
        op(lambda client, data: client.gzip_decode(client.gzip_encode(data)), data),
        op(lambda client: [client.DateTime("20240102T03:04:05").timetuple(), client.DateTime(0) < client.DateTime(1)]),
        op(lambda client, data: str(client.Binary(data)), data),
        op(_parsed),
        op(lambda client, value: _proxy(client).method(value), _values),
        op(lambda client: _several(_proxy(client))),
        op(lambda client: client.Transport().get_host_info(("user:pw@h", {"a": "b"}))),
        op(lambda client: client.ServerProxy("bad://x")),
    ),
    objects=(
        shared(
            "ServerProxy",
            _proxy,
            op(lambda proxy, value: proxy.method(value), _values),
            op(lambda proxy: proxy.a.b.c()),
            op(_several),
            op(repr),
            op(lambda proxy: proxy("close")()),
        ),
        shared(
            "Marshaller",
            lambda client: client.Marshaller(allow_none=True),
            op(lambda one, value: one.dumps((value,)), _values),
        ),
        shared(
            "Transport",
            lambda client: client.Transport(),
            op("make_connection", names),
            op("close"),
            op("get_host_info", st.just(("u:p@h", {}))),
        ),
    ),
    tests=("test.test_xmlrpc",),
)
