"""Proofs beside the database: a backup from before an erasure is put back, and who was erased is erased again.

One file for each account, a line of JSON for each erasure: its reference, numbers, times and digests, nothing of the
person. It belongs into another backup than the database's.
"""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from accounts.models import Account
from contacts.erasing.models import ErasedName, Erasure


def path() -> Path:
    """The account's file."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    return Path(settings.ERASURE_JOURNAL) / f"{schema}.jsonl"


def mark() -> str:
    """Tells the account's lines from those of another that had its name: by when it was made, which a backup keeps."""
    account = Account.objects.get(schema_name=connection.schema_name)  # type: ignore[attr-defined]
    return sha256(f"{account.schema_name} {account.created_at.timestamp()}".encode()).hexdigest()[:16]


def write_down(proofs: Iterable[Erasure]) -> None:
    """Appends these and sees them on disk. One written twice is one."""
    own = mark()
    lines = [json.dumps({"account": own, **line_of(proof)}) + "\n" for proof in proofs]
    if not lines:
        return
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, ("\n" + "".join(lines)).encode())  # an unfinished line of one who was killed ends here
        os.fsync(handle)
    finally:
        os.close(handle)


def line_of(proof: Erasure) -> dict[str, Any]:
    return {
        "reference": proof.reference.hex,
        "ids": proof.ids,
        "at": proof.at.isoformat(),
        "by": proof.by,
        "reason": proof.reason,
        "counts": proof.counts,
        "told": proof.told,
        "names": [[name.kind, bytes(name.digest).hex()] for name in proof.names.order_by("pk")],
    }


def lines() -> Iterator[dict[str, Any]]:
    """The account's own, each reference once; what was cut off in the middle is passed over."""
    file = path()
    if not file.is_file():
        return
    own, seen = mark(), set()
    with file.open(encoding="utf-8", errors="replace") as text:
        for line in text:
            try:
                entry = json.loads(line)
                known = entry["account"] == own and entry["reference"] not in seen
            except (ValueError, KeyError, TypeError):
                continue
            if known:
                seen.add(entry["reference"])
                yield entry


def missing() -> list[dict[str, Any]]:
    """Lines of erasures that this database knows nothing of: it was put back to an earlier state."""
    written = {entry["reference"]: entry for entry in lines()}
    there = {
        each.hex for each in Erasure.objects.filter(reference__in=list(written)).values_list("reference", flat=True)
    }
    return [entry for reference, entry in written.items() if reference not in there]


def put_back(entry: dict[str, Any]) -> Erasure:
    """The proof as it was written down."""
    with transaction.atomic():
        proof = Erasure.objects.create(
            reference=entry["reference"],
            ids=entry["ids"],
            at=datetime.fromisoformat(entry["at"]),
            by=entry["by"],
            reason=entry["reason"],
            counts=entry["counts"],
            told=entry.get("told", {}),  # lines of before it was kept
            journaled=True,
        )
        ErasedName.objects.bulk_create(
            ErasedName(erasure=proof, kind=kind, digest=bytes.fromhex(told)) for kind, told in entry["names"]
        )
    return proof
