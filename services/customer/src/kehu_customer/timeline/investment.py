"""What was invested in a customer: contacts, time and money (3 L2123).

What the text calls the company's investment record: the time, place, way and expense of contacts,
and with that the cost of winning and keeping a customer.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from kehu_contracts.money import Money


class Part(NamedTuple):
    """The contacts of one person, by one channel, whose cost is in one currency or not given."""

    channel: str
    employee_id: UUID | None
    currency: str | None
    contacts: int
    minutes: int
    cost: Decimal | None
    first_on: date


def added(parts: Iterable[Part]) -> dict[str, Any]:
    """Return contacts, minutes and costs together; amounts of different currencies never add up."""
    parts = list(parts)
    costs: dict[str, Decimal] = {}
    for part in parts:
        if part.currency is not None and part.cost is not None:
            costs[part.currency] = costs.get(part.currency, Decimal(0)) + part.cost
    return {
        "contacts": sum(part.contacts for part in parts),
        "minutes": sum(part.minutes for part in parts),
        "costs": [Money(amount=costs[currency], currency=currency) for currency in sorted(costs)],
    }


def added_by(name: str, parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return the same for each value of `name` (`channel`, `employee_id`), most contacts first."""
    ordered = sorted(parts, key=lambda part: str(getattr(part, name)))
    groups = [
        {name: value, **added(group)}
        for value, group in groupby(ordered, key=lambda part: getattr(part, name))
    ]
    return sorted(groups, key=lambda group: -group["contacts"])
