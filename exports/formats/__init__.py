"""The formats of export files, each a class in a module: named in an action's parameters, kept with the file."""

from exports.formats.audiences import GoogleAds, LinkedIn, Meta, TikTok
from exports.formats.base import Format, IncompleteError, State, Table, TooLargeError
from exports.formats.excel import Excel
from exports.formats.parquet import Parquet
from exports.formats.plain import Csv

__all__ = ["FORMATS", "Format", "IncompleteError", "State", "Table", "TooLargeError"]

FORMATS: dict[str, Format] = {
    each.name: each for each in (Csv(), Excel(), Parquet(), Meta(), GoogleAds(), TikTok(), LinkedIn())
}
