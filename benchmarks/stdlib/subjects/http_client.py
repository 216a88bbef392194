# SPDX-License-Identifier: MIT
"""http.client, against answers that are written down: no socket is opened."""

import io

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, each, names, op, shared, small, words

_answers = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=1\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.0 404 Not Found\r\n\r\nbody until the end\nmore",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        b"garbage\r\n",
        b"",
    ]
)


class _Socket:
    def __init__(self, answer):
        self.answer = answer
        self.sent = io.BytesIO()

    def sendall(self, data):
        self.sent.write(data)

    def makefile(self, mode="rb", bufsize=-1):
        return io.BufferedReader(io.BytesIO(self.answer))

    def close(self):
        pass

    def setsockopt(self, *args):
        pass


def _connection(client, answer=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"):
    connection = client.HTTPConnection("localhost")
    connection._create_connection = lambda *args: _Socket(answer)
    return connection


def _exchange(client, answer):
    connection = _connection(client, answer)
    connection.request("POST", "/x", body=iter([b"a", b"b"]), headers={"X": "1"}, encode_chunked=True)
    response = connection.getresponse()
    found = response.read(2), response.readline(), response.peek(1), response.getheaders(), response.status
    response.read1(), response.readinto(bytearray(4)), response.read(), response.close()
    connection.close()
    return found


def _tunnel(client, answer):
    connection = _connection(client, answer)
    connection.set_tunnel("other", 80, {"A": "b"})
    connection.set_debuglevel(0)
    connection.request("PUT", "/", body="text")
    return connection.getresponse().getheader("x"), connection.get_proxy_response_headers()


SUBJECT = Subject(
    "http.client",
    calls=(op(_exchange, _answers), op(_tunnel, _answers), op(lambda client: client.HTTPSConnection("x").host)),
    objects=(
        shared(
            "HTTPConnection",
            _connection,
            op("request", st.sampled_from(["GET", "POST"]), st.just("/")),
            op(lambda connection: connection.getresponse().read()),
            *each("connect close"),
            op("putrequest", st.just("GET"), st.just("/")),
            op("putheader", names, words),
            op("endheaders"),
            op("send", data),
            op("set_tunnel", names),
            op("set_debuglevel", st.just(0)),
        ),
        shared(
            "HTTPResponse",
            lambda client: _begun(client),
            op("read", small),
            op("readinto", st.builds(bytearray, small)),
            *each("read readline read1 peek isclosed getheaders fileno flush close"),
            op("read1", small),
        ),
    ),
    tests=("test.test_httplib",),
)


def _begun(client):
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3\r\nabc\r\n" * 9 + b"0\r\n\r\n"
    response = client.HTTPResponse(_Socket(answer))
    response.begin()
    return response
