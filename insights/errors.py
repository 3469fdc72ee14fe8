"""What is expected to go wrong; views answer it."""


class NotKeptError(LookupError):
    """Only what is kept was asked for, and something of this would have to be read anew."""
