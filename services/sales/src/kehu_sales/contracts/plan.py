"""The collection plan (收款计划): what of a contract is to be paid when (1.4, item 3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from kehu_contracts.money import CENT
from kehu_sales.contracts.errors import (
    AmountOrPercent,
    DueBeforeSigning,
    PercentsDoNotAddUp,
    PlanDoesNotAddUp,
)
from kehu_sales.lines import HUNDRED

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Share:
    """One instalment of a plan: what is due when, and on which condition.

    `percent` is of the contract's total; None where the amount was agreed as such.
    """

    due_on: date
    amount: Decimal
    percent: Decimal | None = None
    condition: str | None = None


def shares_of(plan: Sequence[Share], total: Decimal) -> tuple[Share, ...]:
    """Return the plan of a total: percentages are rounded half-even, the last takes the rest.

    Amounts that were agreed as such stay, whether they add up or not. Raises `AmountOrPercent`,
    `PercentsDoNotAddUp`.
    """
    percents = [share.percent for share in plan if share.percent is not None]
    if not percents:
        return tuple(plan)
    if len(percents) < len(plan):
        raise AmountOrPercent
    if sum(percents) != HUNDRED:
        raise PercentsDoNotAddUp(percent=sum(percents))
    amounts = _portions(percents, total)
    return tuple(replace(share, amount=amount) for share, amount in zip(plan, amounts, strict=True))


def _portions(percents: Sequence[Decimal], total: Decimal) -> list[Decimal]:
    """Return what each percentage is of a total; no rounding takes more than there is left."""
    amounts, left = [], total
    for percent in percents[:-1]:
        amount = (total * percent / HUNDRED).quantize(CENT, ROUND_HALF_EVEN)
        amounts.append(min(amount, left))
        left -= amounts[-1]
    return [*amounts, left]


def require_payable(plan: Sequence[Share], total: Decimal, signed_on: date) -> None:
    """Raise unless the instalments are the total, to the cent, and none is due before the signing.

    Raises `DueBeforeSigning`, `PlanDoesNotAddUp`.
    """
    first = min((share.due_on for share in plan), default=signed_on)
    if first < signed_on:
        raise DueBeforeSigning(due_on=first, signed_on=signed_on)
    planned = sum((share.amount for share in plan), NOTHING)
    if planned != total:
        raise PlanDoesNotAddUp(planned=planned, total=total)


class PlanColumn(TypeDecorator[tuple[Share, ...]]):
    """A plan in a jsonb column; decimals are text, so that they stay exact."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: tuple[Share, ...] | None, _dialect: Dialect) -> Any:
        """Return the plan as JSON can hold it."""
        return [
            {
                "due_on": share.due_on.isoformat(),
                "amount": format(share.amount, "f"),
                "percent": None if share.percent is None else format(share.percent, "f"),
                "condition": share.condition,
            }
            for share in value or ()
        ]

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[Share, ...]:
        """Return the stored plan."""
        return tuple(
            Share(
                due_on=date.fromisoformat(stored["due_on"]),
                amount=Decimal(stored["amount"]),
                percent=None if stored["percent"] is None else Decimal(stored["percent"]),
                condition=stored["condition"],
            )
            for stored in value
        )
