"""The one kind of failure this package shows to people."""


class LocalError(Exception):
    """Something on this machine stands in the way; the message says what it is and what to do."""
