"""Activities over the API beside bare COPY: real gunicorn, several connections, batches of 1,000, each durable.

`python bench/api.py [activities] [connections] [workers]`
"""

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from made import make_account

ACTIVITIES = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
CONNECTIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 4
WORKERS = int(sys.argv[3]) if len(sys.argv) > 3 else 2
CONTACTS, BATCH, RUNS = 100_000, 1_000, 3
NOW = datetime.now(UTC).replace(microsecond=0)
COPY = "COPY activities_activity (contact_id, type_id, at, params) FROM STDIN"


def bodies() -> list[bytes]:
    """Page views of contacts named by e-mail, as a shop sends them."""
    draw = random.Random(7)
    items = (
        {
            "contact": {"email": f"person{draw.randint(1, CONTACTS)}@example.com"},
            "type": "page_view",
            "at": (NOW - timedelta(seconds=draw.randint(0, 10**7))).isoformat(),
            "params": {"url": f"https://sklep.example/p/{draw.randint(1, 5000)}", "title": "Żele pod prysznic"},
        }
        for _n in range(ACTIVITIES)
    )
    batches = [[next(items) for _item in range(BATCH)] for _n in range(ACTIVITIES // BATCH)]
    return [json.dumps({"items": batch}).encode() for batch in batches]


def served(port: int) -> subprocess.Popen:
    command = ["gunicorn", "config.wsgi", "-b", f"127.0.0.1:{port}", "-w", str(WORKERS), "-k", "gthread", "--threads"]
    command += [str(max(1, CONNECTIONS // WORKERS)), "--log-level", "error", "--no-control-socket"]
    server = subprocess.Popen(
        [sys.executable, "-m", *command], env={**os.environ, "SITO_API_RATE_PER_MINUTE": "1000000"}
    )
    for _attempt in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return server
    raise SystemExit("gunicorn does not start")


def send(port: int, token: str, batches: list[bytes]) -> None:
    """One connection after the other's batches; whatever is not accepted whole ends the measuring."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Host": "bench.localhost", "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for body in batches:
        connection.request("POST", "/api/v1/activities", body, headers)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != 200:
            raise SystemExit(told.decode()[:500])
    connection.close()


def spent(web: int) -> tuple[float, ...]:
    """Processor seconds so far: the server's processes, the database's, our own. On Linux; elsewhere zeros."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    try:
        families = [family(web), family(int(stat(backend)[1]))]
    except OSError:
        families = [0.0, 0.0]
    return (*families, time.process_time())


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on: [1] is the parent, [11] to [14] times, its children's too."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def family(pid: int) -> float:
    """Of a process and its children, those that have ended as well."""
    ticks = sum(map(int, stat(pid)[11:15]))
    for each in Path("/proc").glob("[0-9]*"):
        try:
            fields = stat(int(each.name))
        except OSError:
            continue
        if int(fields[1]) == pid:
            ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def timed(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    make_account(CONTACTS)
    from django.db import connection

    from accounts.models import Domain
    from activities.models import Activity, ActivityType
    from api.models import Scope
    from api.services import create_key
    from contacts.models import Contact
    from users.models import Role, User

    Domain.objects.get_or_create(domain="bench.localhost", defaults={"tenant": connection.tenant, "is_primary": True})
    owner, _new = User.objects.get_or_create(email="bench@example.com", defaults={"name": "Bench", "role": Role.OWNER})
    token = create_key(name="bench", scopes=Scope.values, acts_for=owner, now=NOW).token
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sent = bodies()
    ids = dict(Contact.objects.values_list("email", "pk"))
    kind = ActivityType.objects.get(key="page_view").pk
    rows = [
        (ids[item["contact"]["email"]], kind, item["at"], json.dumps(item["params"]))
        for body in sent
        for item in json.loads(body)["items"]
    ]

    def copied(at_once: int) -> None:
        """The same rows, ids known, in transactions of so many."""
        for start in range(0, len(rows), at_once):
            with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for row in rows[start : start + at_once]:
                    copy.write_row(row)

    server = served(port)
    try:
        send(port, token, sent[: 4 * WORKERS])  # warm
        shares = [sent[n::CONNECTIONS] for n in range(CONNECTIONS)]
        busy = spent(server.pid)
        ways: dict[str, list[float]] = {"API": [], "COPY, 1,000 at once": [], "COPY, all at once": []}
        for _run in range(RUNS):
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                ways["API"].append(timed(lambda: list(pool.map(lambda share: send(port, token, share), shares))))
            if _run == 0:
                busy = tuple(after - before for before, after in zip(busy, spent(server.pid), strict=True))
            ways["COPY, 1,000 at once"].append(timed(lambda: copied(BATCH)))
            ways["COPY, all at once"].append(timed(lambda: copied(len(rows))))
        assert Activity.objects.count() >= 3 * RUNS * len(rows)
    finally:
        server.terminate()
        server.wait(30)
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE activities_activity")
    print(f"{len(rows):,} activities, {CONNECTIONS} connections, {WORKERS} workers; load {os.getloadavg()[0]:.1f}")
    web, database, client = (1000 * seconds / len(sent) for seconds in busy)
    print(f"processor time of a batch: web {web:.1f} ms, database {database:.1f} ms, client {client:.1f} ms")
    for way, runs in ways.items():
        best, median = min(runs), sorted(runs)[len(runs) // 2]
        print(f"{way:>22}: median {len(rows) / median:>9,.0f} a second, best {len(rows) / best:>9,.0f}")


if __name__ == "__main__":
    main()
