"""What no amendment may undo: money that came in, products that are planned or delivered (S10)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from kehu_kernel import ids
from kehu_sales.amendments.errors import (
    AmendmentBelowPlanned,
    InstalmentBelowCollected,
    PaidInstalmentChanged,
    TotalBelowCollected,
)
from kehu_sales.contracts.models import Contract, Instalment
from kehu_sales.contracts.plan import NOTHING, Share


def require_money_kept(
    contract: Contract, total: Decimal, plan: Sequence[Share], instalments: Sequence[Instalment]
) -> None:
    """Refuse a plan that takes away what was collected; instalments keep their places.

    Of an instalment that is paid in full, day and amount stay. Raises `TotalBelowCollected`,
    `InstalmentBelowCollected`, `PaidInstalmentChanged`.
    """
    if total < contract.collected:
        raise TotalBelowCollected(number=contract.number, collected=contract.collected, total=total)
    for one in instalments:
        if not one.collected:
            continue
        share = plan[one.position - 1] if one.position <= len(plan) else None
        amount = share.amount if share else NOTHING
        if share is None or amount < one.collected:
            raise InstalmentBelowCollected(
                number=contract.number,
                position=one.position,
                collected=one.collected,
                amount=amount,
            )
        if not one.open and (share.due_on, share.amount) != (one.due_on, one.amount):
            raise PaidInstalmentChanged(
                number=contract.number,
                position=one.position,
                amount=one.amount,
                due_on=one.due_on,
            )


def require_planned_kept(
    contract: Contract, proposed: Mapping[UUID, Decimal], planned: Mapping[UUID, Decimal]
) -> None:
    """Refuse less of a product than projects have planned. Raises `AmendmentBelowPlanned`."""
    for product_id, quantity in planned.items():
        left = proposed.get(product_id, Decimal(0))
        if left < quantity:
            raise AmendmentBelowPlanned(
                number=contract.number,
                product=product_id,
                planned=format(quantity.normalize(), "f"),
                quantity=format(left.normalize(), "f"),
            )


def redraw(
    contract: Contract, instalments: Sequence[Instalment]
) -> tuple[list[Instalment], list[Instalment]]:
    """Have the instalments follow the plan of the contract; return the new ones, and those gone.

    A due day that was told as overdue is not told again, wherever in the plan it stands now.
    """
    told = {one.overdue_told_for for one in instalments} - {None}
    known = {one.position: one for one in instalments}
    new = []
    for position, share in enumerate(contract.instalments, 1):
        row = known.pop(position, None)
        if row is None:
            row = _row(contract, position, share)
            new.append(row)
        row.due_on, row.amount, row.condition = share.due_on, share.amount, share.condition
        row.overdue_told_for = _told_for(row.overdue_told_for, share.due_on, told)
    return new, list(known.values())


def _told_for(before: date | None, due_on: date, told: set[date | None]) -> date | None:
    return due_on if due_on in told else before


def _row(contract: Contract, position: int, share: Share) -> Instalment:
    return Instalment(
        id=ids.new_id(),
        contract_id=contract.id,
        position=position,
        due_on=share.due_on,
        amount=share.amount,
        condition=share.condition,
        collected=NOTHING,
        overdue_told_for=None,
        overdue_count=0,
    )
