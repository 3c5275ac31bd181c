"""The funnel from history: what every opportunity was at the end of a day."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from kehu_analytics.facts.models import OpportunityFact, OpportunityPast
from kehu_analytics.facts.queries import in_department
from kehu_analytics.funnel.schemas import FunnelFilters, FunnelOpportunityFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"amount": OpportunityPast.amount}
IN_STAGE = and_(OpportunityPast.status == "in_progress", OpportunityPast.stage_code.is_not(None))


class Line(NamedTuple):
    """One line of a funnel; `weighted` is the sum of amount times percent, not divided yet.

    Without `stage_code`, the line holds what is in no stage.
    """

    currency: str
    method_id: UUID | None
    stage_code: str | None
    stage_name: str | None
    stage_position: int | None
    number: int
    amount: Decimal
    weighted: Decimal


def open_on(tenant_id: str, day: date, filters: FunnelFilters, *columns: Any) -> Select[Any]:
    """Return the query for the opportunities that were open at the end of a day."""
    past = OpportunityPast
    query = select(*(columns or (past,))).where(
        past.tenant_id == tenant_id,
        past.closed.is_(False),
        past.effective_on <= day,
        or_(past.valid_to.is_(None), past.valid_to > day),
    )
    if filters.method_id is not None:
        query = query.where(past.method_id == filters.method_id)
    if filters.owner_id is not None:
        query = query.where(past.owner_id == filters.owner_id)
    if filters.department_id is not None:
        query = query.where(in_department(past.department_id, tenant_id, filters.department_id))
    return query


async def lines(session: Session, day: date, filters: FunnelFilters) -> list[Line]:
    """Return the funnel of a day, line by line, ordered by currency, method and stage."""
    tenant_id = session.context.tenant_id
    past = OpportunityPast
    each = open_on(
        tenant_id,
        day,
        filters,
        past.currency,
        past.stage_name,
        past.stage_position,
        past.amount,
        past.success_rate,
        past.effective_on,
        past.opportunity_id,
        func.coalesce(IN_STAGE, False).label("in_stage"),
        past.method_id,
        past.stage_code,
    ).cte("each")
    newest = each.c.effective_on.desc(), each.c.opportunity_id.desc()
    stages = (
        select(
            each.c.currency,
            each.c.method_id,
            each.c.stage_code,
            # A stage may have been renamed or moved meanwhile: the newest name stands for all.
            func.array_agg(aggregate_order_by(each.c.stage_name, *newest))[1],
            func.array_agg(aggregate_order_by(each.c.stage_position, *newest))[1].label("place"),
            func.count(),
            func.sum(each.c.amount),
            func.sum(each.c.amount * func.coalesce(each.c.success_rate, 0)),
        )
        .where(each.c.in_stage)
        .group_by(each.c.currency, each.c.method_id, each.c.stage_code)
        .order_by(each.c.currency, each.c.method_id, "place", each.c.stage_code)
    )
    waiting = (
        select(each.c.currency, func.count(), func.sum(each.c.amount))
        .where(~each.c.in_stage)
        .group_by(each.c.currency)
        .order_by(each.c.currency)
    )
    found = [Line(*row) for row in await session.execute(stages)]
    found += [
        Line(currency, None, None, None, None, count, amount, Decimal(0))
        for currency, count, amount in await session.execute(waiting)
    ]
    return found


def behind(tenant_id: str, day: date, filters: FunnelOpportunityFilters) -> Select[OpportunityPast]:
    """Return the query for the opportunities behind a figure of the funnel."""
    query = open_on(tenant_id, day, filters)
    if filters.currency is not None:
        query = query.where(OpportunityPast.currency == filters.currency)
    if filters.stage_code is not None:
        query = query.where(OpportunityPast.stage_code == filters.stage_code)
    if filters.in_stage or filters.stage_code is not None:
        query = query.where(IN_STAGE)
    if filters.in_stage is False:
        query = query.where(~func.coalesce(IN_STAGE, False))
    return query


async def labels(session: Session, ids: list[UUID]) -> dict[UUID, tuple[str, str]]:
    """Return number and topic of opportunities."""
    if not ids:
        return {}
    rows = await session.execute(
        select(OpportunityFact.id, OpportunityFact.number, OpportunityFact.topic).where(
            OpportunityFact.tenant_id == session.context.tenant_id, OpportunityFact.id.in_(ids)
        )
    )
    return {row_id: (number, topic) for row_id, number, topic in rows}
