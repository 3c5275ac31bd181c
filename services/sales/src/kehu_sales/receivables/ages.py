"""How old a receivable is: not due, or so many days late. The bounds are the tenant's."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from kehu_sales.contracts.plan import NOTHING


class Age(NamedTuple):
    """Days late, both included; neither: not due yet; no end: everything that is later."""

    from_day: int | None
    to_day: int | None


def ages(bounds: Sequence[int]) -> list[Age]:
    """Return all ages: not due, then each up to its bound, and what is later than the last."""
    starts = [1, *(bound + 1 for bound in bounds)]
    return [Age(None, None), *map(Age, starts, [*bounds, None])]


def days_late(due_on: date, today: date) -> int:
    """Return how many days late something is; 0 while it is not due, and on its day."""
    return max((today - due_on).days, 0)


def age_of(late: int, bounds: Sequence[int]) -> Age:
    """Return the age of what is so many days late."""
    if late == 0:
        return Age(None, None)
    return next(age for age in ages(bounds)[1:] if age.to_day is None or late <= age.to_day)


def by_age(
    parts: Iterable[tuple[date, Decimal]], today: date, bounds: Sequence[int]
) -> dict[Age, Decimal]:
    """Return the sum of each age; their sum is the sum of all parts."""
    sums = dict.fromkeys(ages(bounds), NOTHING)
    for due_on, amount in parts:
        sums[age_of(days_late(due_on, today), bounds)] += amount
    return sums


ADVICE = (
    ("尚未到期，到期前提醒客户", "Not due yet: remind the customer before it is."),
    ("电话提醒客户付款", "Call the customer and remind it."),
    ("由主管发出催款函", "Have a superior send a reminder letter."),
    ("暂停新的赊销并上门催收", "Sell nothing more on account; visit the customer."),
    ("冻结信用，考虑法律途径", "Have the credit blocked; consider legal steps."),
)
"""What to do about each age, in Chinese and English; the last one also for all later ages."""


def advice_on(age: Age, bounds: Sequence[int]) -> tuple[str, str]:
    """Return what to do about a receivable of this age, in Chinese and English."""
    return ADVICE[min(ages(bounds).index(age), len(ADVICE) - 1)]
