"""What makes a whole file unreadable; a faulty row does not, it is reported."""


class FileError(Exception):
    """The file cannot be read; the message says why, in the language in force."""
