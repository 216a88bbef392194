# SPDX-License-Identifier: MIT
"""http.server: handlers on sockets that are byte strings."""

import contextlib
import functools
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
        b"GET /\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /" + b"x" * 65537 + b" HTTP/1.1\r\n\r\n",
        b"",
    ]
)
_cgi_requests = st.sampled_from(
    [
        b"GET /cgi-bin/script/more?a+b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /cgi-bin/script?a=b HTTP/1.1\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n"
        b"Authorization: Basic bmFtZTp3b3Jk\r\nReferer: x\r\nUser-Agent: x\r\nCookie: a=b\r\n\r\nabc",
        b"GET /cgi-bin/absent HTTP/1.1\r\n\r\n",
        b"POST /elsewhere HTTP/1.1\r\n\r\n",
    ]
)


_lines = st.sampled_from([b"GET / HTTP/1.1\r\n", b"GET //x HTTP/1.0\r\n", b"X\r\n", b"GET / HTTP/3\r\n", b"\r\n"])


class _AtItsEnd:
    def recv(self, size):
        return b""

    def fileno(self):
        return _nothing()


@functools.cache
def _nothing():
    return os.open(os.devnull, os.O_RDONLY)


class _Received(io.BytesIO):
    _sock = _AtItsEnd()


class _Socket:
    def __init__(self, request):
        self.request = request

    def makefile(self, mode, size=-1):
        return _Received(self.request)

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


def _kept_alive(server, request):
    class Handler(server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_GET(self):
            self.send_error(404)

    Handler(_Socket(request), ("127.0.0.1", 1), None)


def _timed_out(server):
    class Handler(server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            raise TimeoutError

    Handler(_Socket(b"GET / HTTP/1.1\r\n\r\n"), ("127.0.0.1", 1), None)


def _run_as_cgi(server, request):
    folder = own("cgi")
    (folder / "cgi-bin").mkdir(parents=True, exist_ok=True)
    script = folder / "cgi-bin" / "script"
    if not script.exists():
        script.write_text("#!/bin/true\n")
        script.chmod(0o700)

    class Handler(server.CGIHTTPRequestHandler):
        have_fork = False  # it is run by subprocess then

        def log_message(self, *args):
            pass

        def translate_path(self, path):
            return f"{folder}{path.partition('?')[0]}"

    Handler(_Socket(request), ("127.0.0.1", 1), _Named())


class _Named:
    server_name, server_port = "localhost", 1


def _test(server):
    class Server(server.HTTPServer):
        def serve_forever(self):
            raise KeyboardInterrupt

    class Handler(server.BaseHTTPRequestHandler):
        pass

    with contextlib.suppress(SystemExit):
        server.test(Handler, Server, port=0, bind="127.0.0.1")


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
        op(_kept_alive, _requests),
        op(_timed_out),
        op(_run_as_cgi, _cgi_requests),
        op(_test),
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
    note="CGI, which is gone in 3.15, was run by `subprocess`, as where there is no `fork`",
    tests=("test.test_httpservers",),
)
