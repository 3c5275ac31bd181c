"""Identifiers: UUIDv7, so that keys made at the same time lie together in an index."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUIDv7. It carries its creation time (milliseconds) and sorts by it."""
    return uuid7()
