"""A real HTTP server that receives webhooks: it keeps what came, and answers what it is told to."""

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    connection: Any = None


@dataclass
class Receiver:
    """`answers` are given in turn, the last one for good: a status, or a function that writes to the handler."""

    answers: list[int | Callable[[Any], None]] = field(default_factory=lambda: [200])
    headers: dict[str, str] = field(default_factory=dict)
    text: bytes = b"thank you"
    got: list[Received] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"
    lock: threading.Lock = field(default_factory=threading.Lock)
    inside: int = 0
    most_inside: int = 0  # requests at the same time

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self.lock:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        try:
            body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
            with self.lock:
                self.got.append(Received(handler.path, dict(handler.headers), body, handler.client_address))
                how = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if callable(how):
                how(handler)
                return
            handler.send_response(how)
            for name, value in self.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(self.text)))
            handler.end_headers()
            handler.wfile.write(self.text)
        finally:
            with self.lock:
                self.inside -= 1


class Listening:
    """`with Listening() as receiver`: it answers until the block ends."""

    def __init__(self, *, context: ssl.SSLContext | None = None, **more: Any) -> None:
        receiver = Receiver(**more)

        class Handler(BaseHTTPRequestHandler):
            timeout = 20

            def do_POST(self) -> None:
                receiver.answer(self)

            def do_GET(self) -> None:
                receiver.answer(self)

            def log_message(self, *_args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = False
            block_on_close = True

            def handle_error(self, *_args: Any) -> None:
                pass  # the other side went away: that is what some tests are about

            def get_request(self) -> Any:
                connection, address = super().get_request()
                if context is None:
                    return connection, address
                connection.settimeout(5)
                return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

        self.server = Server(("127.0.0.1", 0), Handler)
        receiver.port = self.server.server_address[1]
        receiver.scheme = "https" if context else "http"
        self.receiver = receiver
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Receiver:
        self.thread.start()
        return self.receiver

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
