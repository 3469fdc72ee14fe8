"""The script as browsers get it: `script.js` without comments, indents and spaces beside signs, plain and packed."""

import gzip
import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

SOURCE = Path(__file__).parent / "script.js"
KEPT_S = 3600  # by browsers, and by whatever stands between
SPACED = re.compile(r"""("[^"]*")| *([{}()=,;:?&|<>*]) *""")  # spaces beside a sign, if not in quotes
PACKED = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)


class Built(NamedTuple):
    plain: bytes
    packed: bytes
    etag: str


@cache
def built() -> Built:
    """Read once a process. Lines stay lines: nothing here has to understand JavaScript but its double quotes."""
    lines = (line.strip() for line in SOURCE.read_text(encoding="utf-8").splitlines())
    code = (line for line in lines if line and not line.startswith("//"))
    plain = "\n".join(SPACED.sub(lambda found: found[1] or found[2], line) for line in code).encode()
    return Built(plain, gzip.compress(plain, mtime=0), sha256(plain).hexdigest()[:20])


@require_safe
def script(request: HttpRequest) -> HttpResponseBase:
    """The same for every account and site: what differs stands in the page that loads it."""
    made = built()
    packed = PACKED.search(request.headers.get("Accept-Encoding", "")) is not None
    etag = f'"{made.etag}{"-gz" if packed else ""}"'
    response = HttpResponse(made.packed if packed else made.plain, content_type="text/javascript; charset=utf-8")
    if etag in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    elif packed:
        response["Content-Encoding"] = "gzip"
    response["ETag"], response["Cache-Control"] = etag, f"public, max-age={KEPT_S}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # pages that demand it may load this too
    patch_vary_headers(response, ["Accept-Encoding"])
    return response
