"""One request to another system, within ten seconds, whatever that system does."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse

from webhooks.addresses import AddressError, NameUnknownError, Resolver, Target, resolved, system_resolver, target_of
from webhooks.models import Problem

SECONDS = 10.0  # for all of it: finding the host, connecting, sending, the answer
CONNECT_SECONDS = 4.0  # for one address, if there are others to try
ADDRESSES = 3  # of a host that are tried
ANSWER_BYTES = 1000  # kept of an answer; the rest is not read
DETAIL = 300
LONGEST_WAIT = 6 * 3600  # asked for by Retry-After, in seconds


@dataclass(frozen=True)
class Answer:
    """What came of it. `status` if anything came back; `problem` unless it was a 2xx."""

    ms: int
    status: int | None = None
    problem: str = ""
    detail: str = ""
    text: str = ""
    retry_after: int = 0  # seconds, if it asked for any

    @property
    def ok(self) -> bool:
        return not self.problem


class _Failure(Exception):  # noqa: N818 (it ends an attempt and is no error of ours)
    def __init__(self, problem: Problem, detail: object = "") -> None:
        self.problem, self.detail = problem, str(detail)[:DETAIL]
        super().__init__(problem)


class _Deadline:
    """Ends a connection when its time is up, also one that goes on sending a byte now and then.

    Each read has a time limit of its own, which such an answer never reaches; so the socket is shut down from outside,
    through a duplicate, because the TLS layer takes the original over.
    """

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds
        self.over = False

    @property
    def left(self) -> float:
        """Seconds left. Raises: _Failure, if there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise _Failure(Problem.TIMEOUT)
        return left

    @contextlib.contextmanager
    def over_socket(self, connection: socket.socket) -> Iterator[None]:
        with connection.dup() as twin:
            timer = threading.Timer(self.left, self._stop, [twin])
            timer.daemon = True
            timer.start()
            try:
                yield
            finally:
                timer.cancel()
                timer.join()

    def _stop(self, twin: socket.socket) -> None:
        self.over = True
        with contextlib.suppress(OSError):
            twin.shutdown(socket.SHUT_RDWR)


def post(
    url: str,
    body: bytes,
    headers: dict[str, str],
    *,
    resolver: Resolver = system_resolver,
    context: ssl.SSLContext | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """Sends `body` to `url` and waits for the answer's first bytes. Never raises for what the other side does.

    Redirects are not followed, proxies of the environment not used, cookies not kept. The host is looked up once; the
    addresses that were judged are those connected to, and the certificate must be the host's.
    """
    started = time.monotonic()
    deadline = _Deadline(seconds)
    try:
        target = target_of(url)
        answer = _exchange(target, body, headers, deadline=deadline, resolver=resolver, context=context)
    except _Failure as failure:
        return Answer(_ms(started), problem=failure.problem, detail=failure.detail)
    except AddressError as error:
        return Answer(_ms(started), problem=Problem.ADDRESS, detail=str(error)[:DETAIL])
    except NameUnknownError as error:
        return Answer(_ms(started), problem=Problem.NAME, detail=str(error)[:DETAIL])
    status, text, wait = answer
    return Answer(_ms(started), status=status, problem=_problem_of(status), text=text, retry_after=wait)


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _problem_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return Problem.REDIRECT if 300 <= status < 400 else Problem.STATUS


def _exchange(
    target: Target,
    body: bytes,
    headers: dict[str, str],
    *,
    deadline: _Deadline,
    resolver: Resolver,
    context: ssl.SSLContext | None,
) -> tuple[int, str, int]:
    """Status, the first bytes of the answer, and for how long it asked us to wait."""
    found = resolved(target, resolver=resolver, seconds=min(5.0, deadline.left))
    with _connected(found[:ADDRESSES], target.port, deadline) as plain, deadline.over_socket(plain):
        try:
            # TLS takes the descriptor of `plain` over: the socket it makes is another one to close.
            with contextlib.closing(_secured(plain, target, deadline, context)) as connection:
                return _ask(connection, target, body=body, headers=headers, deadline=deadline)
        except ssl.SSLError as error:
            raise _Failure(Problem.TIMEOUT if deadline.over else Problem.TLS, error) from error
        except TimeoutError as error:
            raise _Failure(Problem.TIMEOUT) from error
        except (HTTPException, OSError, ValueError) as error:
            detail = f"{type(error).__name__}: {error}"
            raise _Failure(Problem.TIMEOUT if deadline.over else Problem.ANSWER, detail) from error


def _connected(addresses: list[str], port: int, deadline: _Deadline) -> socket.socket:
    """A connection to the first of the addresses that takes one. Raises: _Failure."""
    last: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=min(CONNECT_SECONDS, deadline.left))
        except OSError as error:
            last = error
    raise _Failure(Problem.TIMEOUT if isinstance(last, TimeoutError) else Problem.CONNECT, last)


def _secured(
    plain: socket.socket, target: Target, deadline: _Deadline, context: ssl.SSLContext | None
) -> socket.socket:
    plain.settimeout(deadline.left)
    if target.scheme == "http":
        return plain
    return (context or ssl.create_default_context()).wrap_socket(plain, server_hostname=target.host)


def _ask(
    connection: socket.socket, target: Target, *, body: bytes, headers: dict[str, str], deadline: _Deadline
) -> tuple[int, str, int]:
    http = HTTPConnection(target.host, target.port)
    http.sock = connection
    connection.settimeout(deadline.left)
    given = {"Host": target.netloc, "Accept-Encoding": "identity", "Connection": "close", **headers}
    http.request("POST", target.path, body=body, headers=given)
    with http.getresponse() as response:
        if deadline.over:  # cut off within its head, which is taken for the end of it
            raise TimeoutError
        return response.status, _first_bytes(response), _wait(response)


def _first_bytes(response: HTTPResponse) -> str:
    """What an administrator will want to see of it. The status counts whatever becomes of the rest."""
    try:
        first = response.read(ANSWER_BYTES)
    except (HTTPException, OSError, ValueError):
        return ""
    return first.decode("utf-8", "replace").replace("\x00", "�")


def _wait(response: HTTPResponse) -> int:
    asked = response.headers.get("Retry-After", "").strip()
    return min(int(asked), LONGEST_WAIT) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0
