"""What can be done with reasons of winning and losing."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from kehu_contracts import market
from kehu_contracts.money import Money
from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.close_reasons.errors import UnknownCloseReason
from kehu_sales.close_reasons.models import CloseReason, Outcome
from kehu_sales.close_reasons.schemas import (
    CloseReasonCreate,
    CloseReasonFilters,
    CloseReasonUpdate,
    ReasonCount,
    ReasonReportQuery,
)

REPORT = """
    SELECT o.status AS outcome, o.close_reason_code AS code, r.name, o.currency, count(*) AS many,
        sum(coalesce(o.won_amount, o.expected_revenue)) AS amount
    FROM opportunities o
    LEFT JOIN close_reasons r
        ON r.tenant_id = $1 AND r.outcome = o.status AND r.code = o.close_reason_code
    WHERE o.tenant_id = $1 AND o.status IN ('won', 'lost')
        AND ($2::date IS NULL OR o.closed_on >= $2) AND ($3::date IS NULL OR o.closed_on <= $3)
    GROUP BY o.status, o.close_reason_code, r.name, o.currency
    ORDER BY many DESC, o.status DESC, o.close_reason_code, o.currency
"""


async def create_reason(session: Session, data: CloseReasonCreate) -> CloseReason:
    """Add a reason to the list. The database refuses a code that is taken."""
    reason = CloseReason(**data.model_dump(), active=True)
    audit.created(session, reason)
    event = market.CloseReasonEntered(**_state(reason, []))
    outbox.add(session, event, sequence=reason.version)
    return reason


async def change_reason(
    session: Session, reason_id: UUID, data: CloseReasonUpdate, *, expected_version: int
) -> CloseReason:
    """Rename a reason, or take it out of use; what was closed for it stays so."""
    reason = await require(
        session, CloseReason, reason_id, lock=True, expected_version=expected_version
    )
    for name, value in data.given().items():
        setattr(reason, name, value)
    fields = audit.changed(session, reason, "changed")
    if fields:
        event = market.CloseReasonChanged(**_state(reason, fields))
        outbox.add(session, event, sequence=reason.version)
    return reason


async def list_reasons(
    session: Session, filters: CloseReasonFilters
) -> tuple[list[CloseReason], str | None, int | None]:
    """Return one page of the reasons that match, the next cursor, and the count if asked."""
    query = select(CloseReason).where(CloseReason.tenant_id == session.context.tenant_id)
    for name in ("outcome", "active"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(CloseReason, name) == value)
    return await paginate(
        session,
        query,
        filters,
        sort=filters.sort,
        columns={"created_at": CloseReason.created_at},
        tie_breaker=CloseReason.id,
    )


async def report(session: Session, asked: ReasonReportQuery) -> list[ReasonCount]:
    """Return why the opportunities the caller sees were won and lost. Raises `PeriodReversed`."""
    business_day.period(asked.closed_from, asked.closed_to)
    tenant_id = session.context.tenant_id
    return [
        ReasonCount(
            outcome=row["outcome"],
            code=row["code"],
            name=row["name"],
            opportunities=row["many"],
            amount=Money(amount=row["amount"], currency=row["currency"]),
        )
        for row in await session.fetch(REPORT, tenant_id, asked.closed_from, asked.closed_to)
    ]


async def require_reason(session: Session, outcome: Outcome, code: str | None) -> None:
    """Raise `UnknownCloseReason` for a code that is not in use for the outcome."""
    if code is None:
        return
    found = await session.scalar(
        select(CloseReason.id).where(
            CloseReason.tenant_id == session.context.tenant_id,
            CloseReason.outcome == outcome,
            CloseReason.code == code,
            CloseReason.active,
        )
    )
    if found is None:
        raise UnknownCloseReason(reason=code, outcome=outcome.value)


async def reasons_in_use(session: Session) -> set[tuple[str, str]]:
    """Return outcome and code of every reason in use."""
    rows = await session.execute(
        select(CloseReason.outcome, CloseReason.code).where(
            CloseReason.tenant_id == session.context.tenant_id, CloseReason.active
        )
    )
    return {(outcome, code) for outcome, code in rows}


def _state(reason: CloseReason, changed: list[str]) -> dict[str, Any]:
    return {
        "close_reason_id": reason.id,
        "outcome": reason.outcome,
        "code": reason.code,
        "name": reason.name,
        "name_en": reason.name_en,
        "active": reason.active,
        "changed": changed,
    }
