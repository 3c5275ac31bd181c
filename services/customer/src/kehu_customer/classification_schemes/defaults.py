"""The schemes a tenant can start with: every axis of the texts, with their labels and numbers.

They are data, in `defaults.json`; `source` names the place in the texts. Where two texts give
different numbers, both stand, as two schemes.
"""

from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from kehu_customer.classification_schemes.schemas import SchemeCreate

FILE = Path(__file__).with_name("defaults.json")


@cache
def default_schemes() -> tuple[SchemeCreate, ...]:
    """Return the schemes of the texts, checked as those that users enter."""
    return tuple(TypeAdapter(list[SchemeCreate]).validate_json(FILE.read_bytes()))
