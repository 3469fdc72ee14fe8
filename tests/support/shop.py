"""A shop of its own origin, whose every page carries the tracker's line as it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Shop:
    origin: str
    head: str = ""  # the line, in the head of every page


@contextmanager
def shop() -> Iterator[Shop]:
    """Open while inside."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            head = f"<title>Shop {self.path[:9]}</title>{made.head}"
            html = f"<!doctype html><html><head>{head}</head><body>Tonik</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header(
                "Content-Security-Policy", f"default-src 'none'; script-src {site()}; connect-src {site()}"
            )
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_args: object) -> None:
            pass

    def site() -> str:
        return made.head.split('src="')[1].split("/t.js")[0] if 'src="' in made.head else "'none'"

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    made = Shop(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()
