"""The segments a tenant can start with, after the groups that the texts tell apart.

They are data, in `defaults.json`; the description names the place in the texts. Their numbers are
examples, for the tenant to change.
"""

from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from kehu_customer.segments.schemas import SegmentCreate

FILE = Path(__file__).with_name("defaults.json")


@cache
def default_segments() -> tuple[SegmentCreate, ...]:
    """Return the segments of the texts, checked as those that users enter."""
    return tuple(TypeAdapter(list[SegmentCreate]).validate_json(FILE.read_bytes()))
