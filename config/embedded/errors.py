"""What can go wrong on the machine we run on, said to the person at the keyboard."""


class ServiceError(Exception):
    """One clear sentence; commands print it on stderr and end with status 1, without a trace."""
