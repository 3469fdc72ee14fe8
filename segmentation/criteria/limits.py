"""How large criteria may be. Everything beyond is refused while reading, in time linear in the limit."""

DEPTH = 8  # groups (all, any, not) around a criterion
CRITERIA = 250
BYTES = 64 * 1024  # of compact JSON, UTF-8
NESTING = 2 * DEPTH + 6  # brackets in the JSON text: a group is an object and a list; the rest is within a criterion
VALUES = 1_000  # in a list
CONDITIONS = 8  # in a `where`
TEXT = 500  # letters of a text value
NAME = 200  # letters of a key, tag, category or salt
DIGITS = 15  # significant digits of a number: what JSON keeps exactly everywhere
REFERENCES = 8  # how deep criteria may refer to criteria that refer to criteria …
TOTAL = 1_000  # criteria in all, references followed, each counted once
