"""Some rows of a file that are dealt with together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.customers.models import Customer
from kehu_customer.duplicates.keys import Key
from kehu_customer.duplicates.queries import Record
from kehu_customer.duplicates.rules import Matching
from kehu_customer.imports.lines import Line, Reading
from kehu_customer.imports.lookups import Identity, Lookups
from kehu_customer.imports.models import Import
from kehu_customer.imports.people import People


@dataclass(slots=True)
class Batch:
    """The rows, what is known for them, and what earlier rows of them have claimed."""

    job: Import
    lines: list[Line]
    how: Reading
    matching: Matching
    today: date
    know: Lookups = field(default_factory=lambda: Lookups({}, (), {}, {}))
    ruled: Sequence[ClassificationScheme] = ()
    """Schemes that classify new customers."""
    on_record: list[Customer] = field(default_factory=list)
    """The customers that lines update."""
    people: dict[UUID, People] = field(default_factory=dict)
    """Who is at those of them of whom lines name somebody."""
    foreseen: dict[int, int] = field(default_factory=dict)
    """In a check: what rows of earlier batches claim, and their numbers."""
    claimed: dict[Identity, int] = field(default_factory=dict)
    by_key: dict[Key, list[tuple[Record, int]]] = field(default_factory=dict)
