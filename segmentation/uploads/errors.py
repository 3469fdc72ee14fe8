"""What makes a whole file unreadable; a faulty row does not, it is reported."""


class UploadError(Exception):
    """The file cannot be read; the message tells its owner why, in the language in force."""
