"""A ZIP archive whose members are written in pieces, so that a killed worker's successor goes on where a commit was.

Each piece ends on a whole byte with nothing remembered (`Z_FULL_FLUSH`), so the next one can be another process's.
A member's head is written anew with its sums when it ends: no archive program has to guess. Source: APPNOTE.TXT 6.3.
"""

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from exports.formats.base import TooLargeError

LOCAL, CENTRAL, END = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s4H2IH")
VERSION, UTF8, DEFLATED = 20, 1 << 11, 8
TIME, DAY = 0, 0x21  # 1 January 1980: the same rows give the same file
MOST = 0xFFFFFFFF - (1 << 20)  # bytes of an archive and of a member, without the extension that spreadsheets dislike
LEVEL = (
    1  # a million rows of ten columns: 5 s; the usual 6 makes the file a fifth smaller and takes three times as long
)


def begin_member(file: BinaryIO, name: str) -> dict[str, Any]:
    """Begins a member where the file ends; the state to go on with."""
    at = file.tell()
    file.write(head(name, 0, 0, 0))
    return {"name": name, "at": at, "crc": 0, "raw": 0}


def write(file: BinaryIO, member: dict[str, Any], pieces: Iterable[bytes]) -> dict[str, Any]:
    """Appends to the member that is last in the file. Raises: TooLargeError."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc, raw = member["crc"], member["raw"]
    for piece in pieces:
        crc, raw = zlib.crc32(piece, crc), raw + len(piece)
        file.write(packer.compress(piece))
    file.write(packer.flush(zlib.Z_FULL_FLUSH))
    if raw > MOST or file.tell() > MOST:
        raise TooLargeError
    return member | {"crc": crc, "raw": raw}


def end_member(file: BinaryIO, member: dict[str, Any]) -> dict[str, Any]:
    """Ends the last member; what the directory says of it."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    file.write(packer.flush(zlib.Z_FINISH))
    end = file.tell()
    packed = end - member["at"] - LOCAL.size - len(member["name"].encode())
    file.seek(member["at"])
    file.write(head(member["name"], member["crc"], packed, member["raw"]))
    file.seek(end)
    return member | {"packed": packed}


def add(file: BinaryIO, name: str, content: str) -> dict[str, Any]:
    """A whole member."""
    return end_member(file, write(file, begin_member(file, name), [content.encode()]))


def close(file: BinaryIO, members: list[dict[str, Any]]) -> None:
    """The directory of these members: the archive is whole then."""
    start = file.tell()
    for each in members:
        name = each["name"].encode()
        flags = (VERSION, VERSION, UTF8, DEFLATED, TIME, DAY)
        sums = (each["crc"], each["packed"], each["raw"])
        file.write(CENTRAL.pack(b"PK\x01\x02", *flags, *sums, len(name), 0, 0, 0, 0, 0, each["at"]) + name)
    size = file.tell() - start
    file.write(END.pack(b"PK\x05\x06", 0, 0, len(members), len(members), size, start, 0))


def head(name: str, crc: int, packed: int, raw: int) -> bytes:
    encoded = name.encode()
    fields = (b"PK\x03\x04", VERSION, UTF8, DEFLATED, TIME, DAY, crc, packed, raw, len(encoded), 0)
    return LOCAL.pack(*fields) + encoded


def opened_at(path: Path, size: int) -> BinaryIO:
    """The file, cut off behind `size`, to be written on there."""
    file = path.open("r+b", buffering=1 << 20)
    file.seek(size)
    file.truncate()
    return file
