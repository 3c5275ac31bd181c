"""What can be done with credit limits: grant one for a year, adjust it."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from kehu_customer.credit.errors import CreditCurrencyDiffers
from kehu_customer.credit.queries import group_of
from kehu_customer.credit.service import count_in
from kehu_customer.credit.subjects import lock_subject
from kehu_customer.credit_contracts.counting import count_contracts
from kehu_customer.credit_limits import events, queries
from kehu_customer.credit_limits.errors import NotHeadCompany
from kehu_customer.credit_limits.models import CreditLimit, CreditLimitChange
from kehu_customer.credit_limits.schemas import (
    CreditLimitAdjustment,
    CreditLimitChangeFilters,
    CreditLimitCreate,
    CreditLimitFilters,
)
from kehu_customer.credit_policy.queries import policy_of
from kehu_customer.customers.service import take_turns
from kehu_kernel import audit, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import ScopeMissing
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

OVERRIDE = "customer:credit:override"


async def grant_limit(session: Session, data: CreditLimitCreate, *, today: date) -> CreditLimit:
    """Grant a head company, with all its branches, a limit for a fiscal year.

    Raises `UnknownCustomer`, `CustomerHasEnded`, `NotHeadCompany`,
    `CreditCurrencyDiffers`, `ScopeMissing`, what `CreditLimit.put_at` raises; the database refuses
    a second limit at the same time.
    """
    _require_override(session, override=data.override)
    await take_turns(session)  # with contracts, that count as soon as there is an account
    customer = await lock_subject(session, data.customer_id)
    group = await group_of(session, customer.id, lock=True)
    if group.head_id != customer.id:
        raise NotHeadCompany(head_id=group.head_id, extra={"head_id": str(group.head_id)})
    if count_in(session, group, customer.id, data.amount.currency):
        await count_contracts(session, [customer.id])
        group = await group_of(session, customer.id, lock=True)
    starts_on, ends_on = (await policy_of(session)).year_period(data.year)
    limit = CreditLimit(
        id=ids.new_id(),
        customer_id=customer.id,
        year=data.year,
        starts_on=starts_on,
        ends_on=ends_on,
        currency=data.amount.currency,
        agreement=data.agreement,
        granted_by=session.context.actor,
    )
    limit.put_at(data.amount.amount, used=group.exposure, today=today, override=data.override)
    audit.created(session, limit, reason=data.reason)
    step = _remember(session, limit, before=None, used=group.exposure, reason=data.reason)
    outbox.add(session, events.granted(limit, step), sequence=limit.version)
    return limit


async def adjust_limit(
    session: Session,
    limit_id: UUID,
    data: CreditLimitAdjustment,
    *,
    today: date,
    expected_version: int | None,
) -> CreditLimit:
    """Raise or lower a limit, with the reason. To what it is already changes nothing.

    Raises `CreditCurrencyDiffers`, `ScopeMissing`, what `CreditLimit.put_at`
    raises.
    """
    _require_override(session, override=data.override)
    found = await require(session, CreditLimit, limit_id)
    group = await group_of(session, found.customer_id, lock=True)
    limit = await require(
        session, CreditLimit, limit_id, lock=True, expected_version=expected_version
    )
    if data.amount.currency != limit.currency:
        raise CreditCurrencyDiffers(currency=limit.currency, asked=data.amount.currency)
    before = limit.amount
    limit.put_at(data.amount.amount, used=group.exposure, today=today, override=data.override)
    fields = audit.changed(session, limit, "adjusted")
    if fields:
        step = _remember(session, limit, before=before, used=group.exposure, reason=data.reason)
        outbox.add(session, events.adjusted(limit, step, fields), sequence=limit.version)
    return limit


async def list_limits(
    session: Session, filters: CreditLimitFilters
) -> tuple[list[CreditLimit], str | None, int | None]:
    """Return one page of the limits that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=CreditLimit.id,
    )


async def list_changes(
    session: Session, filters: CreditLimitChangeFilters
) -> tuple[list[CreditLimitChange], str | None, int | None]:
    """Return one page of the history of limits, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching_changes(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.CHANGE_SORT_COLUMNS,
        tie_breaker=CreditLimitChange.id,
    )


def _require_override(session: Session, *, override: bool) -> None:
    """Raise `ScopeMissing` for an override by somebody who may only approve."""
    scopes = session.context.scopes
    if override and scopes is not None and OVERRIDE not in scopes:
        raise ScopeMissing(scope=OVERRIDE)


def _remember(
    session: Session, limit: CreditLimit, *, before: Decimal | None, used: Decimal, reason: str
) -> CreditLimitChange:
    step = CreditLimitChange(
        id=ids.new_id(),
        customer_id=limit.customer_id,
        credit_limit_id=limit.id,
        amount_before=before,
        amount_after=limit.amount,
        currency=limit.currency,
        used=used,
        overridden=limit.overridden,
        reason=reason,
        changed_by=session.context.actor,
        changed_at=session.context.now,
    )
    session.add(step)
    return step
