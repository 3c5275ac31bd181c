"""What can be done with a target. One function per command; each runs in one transaction."""

from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from kehu_contracts.money import Money
from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.directory.service import require_department, require_employee
from kehu_sales.periods import days_of
from kehu_sales.targets import events, queries
from kehu_sales.targets.errors import OneSubject
from kehu_sales.targets.models import Target
from kehu_sales.targets.queries import Won
from kehu_sales.targets.schemas import (
    Attainment,
    TargetCreate,
    TargetFilters,
    TargetRead,
    TargetUpdate,
)


async def set_target(session: Session, data: TargetCreate) -> Target:
    """Set a target for an employee or a department.

    Raises `OneSubject`, `UnknownEmployee`, `UnknownDepartment`; the database refuses a second one
    for the same period, subject and currency.
    """
    if (data.employee_id is None) == (data.department_id is None):
        raise OneSubject
    if data.employee_id is not None:
        await require_employee(session, data.employee_id)
    if data.department_id is not None:
        await require_department(session, data.department_id)
    starts_on, ends_on = days_of(data.period)
    target = Target(
        **data.model_dump(exclude={"amount"}),
        starts_on=starts_on,
        ends_on=ends_on,
        amount=data.amount.amount,
        currency=data.amount.currency,
        active=True,
    )
    audit.created(session, target)
    outbox.add(session, events.created(target), sequence=target.version)
    return target


async def change_target(
    session: Session, target_id: UUID, data: TargetUpdate, *, expected_version: int
) -> Target:
    """Set the amount anew, also of one that was withdrawn, or say why. Raises `TargetWithdrawn`."""
    target = await require(session, Target, target_id, lock=True, expected_version=expected_version)
    given = data.given()
    if data.amount is not None:
        target.aim(data.amount)
    target.require_active()
    if "note" in given:
        target.note = data.note
    _tell(session, target, "changed")
    return target


async def withdraw_target(
    session: Session, target_id: UUID, *, expected_version: int | None
) -> Target:
    """Pursue a target no more. Raises `TargetWithdrawn`."""
    target = await require(session, Target, target_id, lock=True, expected_version=expected_version)
    target.withdraw()
    _tell(session, target, "withdrawn")
    return target


def _tell(session: Session, target: Target, action: str) -> None:
    fields = audit.changed(session, target, action)
    if fields:
        outbox.add(session, events.changed(target, fields), sequence=target.version)


async def list_targets(
    session: Session, filters: TargetFilters
) -> tuple[list[Target], str | None, int | None]:
    """Return one page of the targets that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Target.id,
    )


async def list_attainments(
    session: Session, filters: TargetFilters
) -> tuple[list[Attainment], str | None, int | None]:
    """Return one page of targets with what was won of them: two queries, however many."""
    targets, cursor, count = await list_targets(session, filters)
    won = await queries.won_of(session, targets)
    return [attainment(one, won[one.id]) for one in targets], cursor, count


def attainment(target: Target, won: Won) -> Attainment:
    """Compare what was won with the target, with and without the largest order (4 L2760)."""
    rest = won.amount - won.largest

    def money(amount: Decimal) -> Money:
        return Money(amount=amount, currency=target.currency)

    return Attainment(
        target=TargetRead.of(target),
        won=money(won.amount),
        won_without_largest=money(rest),
        orders=won.orders,
        percent=percent(won.amount, target.amount),
        percent_without_largest=percent(rest, target.amount),
        assigned_below=None if won.below is None else money(won.below),
        assigned_quarters=None if won.quarters is None else money(won.quarters),
        assigned_months=None if won.months is None else money(won.months),
    )


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return a part in percent of the whole, with two places; None of nothing."""
    if not whole:
        return None
    return (100 * part / whole).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
