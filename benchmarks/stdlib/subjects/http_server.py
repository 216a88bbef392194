# SPDX-License-Identifier: MIT
"""http.server: handlers on sockets that are byte strings."""

import io
import os

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, own, shared, words

_requests = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /file.txt HTTP/1.0\r\n\r\n",
        b"HEAD /file.txt HTTP/1.1\r\n"
        b"If-Modified-Since: Wed, 09 Feb 2094 22:23:32 GMT\r\nConnection: keep-alive\r\n\r\n",
        b"GET /absent HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
        b"GET /sub HTTP/1.1\r\n\r\n",
        b"BAD\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"",
    ]
)


_lines = st.sampled_from([b"GET / HTTP/1.1\r\n", b"GET //x HTTP/1.0\r\n", b"X\r\n", b"GET / HTTP/3\r\n", b"\r\n"])


class _Socket:
    def __init__(self, request):
        self.request = request

    def makefile(self, mode, size=-1):
        return io.BytesIO(self.request)

    def sendall(self, data):
        pass


def _served(server, request):
    folder = own("site")
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    (folder / "file.txt").write_text("text")

    class Handler(server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    Handler(_Socket(request), ("127.0.0.1", 1), None, directory=str(folder))


def _handler(server):
    handler = server.BaseHTTPRequestHandler.__new__(server.BaseHTTPRequestHandler)
    handler.wfile = io.BytesIO()
    handler.rfile = io.BytesIO(b"Host: x\r\n\r\n" * 50)
    handler.client_address = ("127.0.0.1", 1)
    handler.server = None
    handler.request_version = "HTTP/1.1"
    handler.requestline = ""
    handler.command = "GET"
    handler.log_message = lambda *args: None
    return handler


SUBJECT = Subject(
    "http.server",
    calls=(
        op(_served, _requests),
        op("_url_collapse_path", st.sampled_from(["/a/../b", "/..", "a//b/./c"])),
        op("executable", st.just(os.devnull)),
        op("nobody_uid"),
        op(lambda server: server.ThreadingHTTPServer(("127.0.0.1", 0), server.SimpleHTTPRequestHandler).server_close()),
    ),
    objects=(
        shared(
            "BaseHTTPRequestHandler",
            _handler,
            op("send_response", st.just(200)),
            op("send_header", names, words),
            op("send_header", st.just("connection"), st.sampled_from(["close", "keep-alive"])),
            op(lambda handler, line: setattr(handler, "raw_requestline", line) or handler.parse_request(), _lines),
            op(lambda handler: setattr(handler, "close_connection", True)),
            *each("end_headers flush_headers parse_request version_string date_time_string log_date_time_string"),
            op("send_error", st.sampled_from([404, 500])),
        ),
    ),
    note="CGI, which forks, and is gone in 3.15, was not run",
    tests=("test.test_httpservers",),
)
