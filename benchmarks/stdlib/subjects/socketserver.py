# SPDX-License-Identifier: MIT
"""socketserver: servers on loopback, which threads ask and shut down."""

import socket
import threading

from benchmarks.stdlib.subject import Subject, op, shared

PROMISED = "`shutdown()` is to be called from another thread than `serve_forever()`"


class _Serving:
    def __init__(self, socketserver, kind, udp=False):
        class Handler(socketserver.DatagramRequestHandler if udp else socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(self.rfile.readline().upper())

        class Server(getattr(socketserver, kind)):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 50

        self.udp = udp
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.timeout = 0.01
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def ask(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if self.udp else socket.SOCK_STREAM) as one:
            one.settimeout(2)
            one.connect(self.server.server_address)
            one.sendall(b"text\n")
            return one.recv(10)

    def end(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def _whole(socketserver, kind, udp=False):
    serving = _Serving(socketserver, kind, udp)
    serving.ask()
    serving.end()


def _refused(socketserver):
    class Server(socketserver.TCPServer):
        def verify_request(self, request, client_address):
            return False

    with Server(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server, socket.socket() as one:
        server.timeout = 1
        one.connect(server.server_address)
        server.handle_request()
        server.timeout = 0.001
        server.handle_request()
        server.fileno()


_ops = (
    op(_Serving.ask),
    op(lambda serving: serving.server.shutdown()),
    op(lambda serving: serving.server.fileno()),
    op(lambda serving: serving.server.service_actions()),
)

SUBJECT = Subject(
    "socketserver",
    calls=(
        *(op(lambda m, kind=kind: _whole(m, kind)) for kind in ("TCPServer", "ThreadingTCPServer")),
        *(op(lambda m, kind=kind: _whole(m, kind, True)) for kind in ("UDPServer", "ThreadingUDPServer")),
        op(_refused),
    ),
    objects=tuple(
        shared(kind, lambda m, kind=kind: _Serving(m, kind, "UDP" in kind), *_ops, promised=PROMISED, done=_Serving.end)
        for kind in ("ThreadingTCPServer", "ThreadingUDPServer")
    ),
    examples=6,
    tests=("test.test_socketserver",),
    left_out={},
)
