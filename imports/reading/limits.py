"""How large a file may be, and each part of it: docs/imports.md, "Limits"."""

MB = 1024**2

LARGEST_FILE = 512 * MB  # as uploaded
LARGEST_UNPACKED = 2048 * MB  # of all parts of a workbook together, as they say of themselves
LARGEST_TEXTS = 256 * MB  # of a workbook's table of texts, which is held in memory
MOST_PARTS = 2_000  # files in a workbook
MOST_ROWS = 5_000_000
MOST_SHEET_ROWS = 1_048_576
MOST_COLUMNS = 500
LONGEST_LINE = 256 * 1024  # bytes: one line must not be the whole file
MOST_LINES = 200  # of one record: a quotation mark that is never closed must not swallow the file
LONGEST_CELL = 32_767  # characters, as spreadsheets have it
LONGEST_TAG = 1 * MB  # bytes of a sheet without one tag beginning
LONGEST_ROW = 4 * MB  # bytes of a sheet without one row beginning
SAMPLE = 200  # rows looked at to find out what a file is
