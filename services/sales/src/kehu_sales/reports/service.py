"""Reporting opportunities, and following one's reports."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from kehu_kernel.context import Actor
from kehu_kernel.errors import NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.schemas import (
    OpportunityCreate,
)
from kehu_sales.opportunities.service import create_opportunity
from kehu_sales.reports.errors import ReporterNeeded
from kehu_sales.reports.schemas import OpportunityReport, ReportFilters

SEE_ALL = "sales:opportunities:read"


async def report_opportunity(
    session: Session, data: OpportunityReport, *, actor: Actor, today: date, currency: str
) -> Opportunity:
    """Open an opportunity for a reporter, who is kept; nobody owns it yet.

    Raises `ReporterNeeded`, or what `create_opportunity` raises.
    """
    reporter_id = actor.employee_id or data.reported_by_id
    if reporter_id is None:
        raise ReporterNeeded
    whole = OpportunityCreate.model_validate(data.model_dump() | {"reported_by_id": reporter_id})
    opportunity, _ = await create_opportunity(session, whole, today=today, currency=currency)
    return opportunity


async def read_report(session: Session, opportunity_id: UUID, *, actor: Actor) -> Opportunity:
    """Return a reported opportunity: one's own, or any to who may see opportunities.

    Raises `NotFound` for all others.
    """
    query = select(Opportunity).where(
        Opportunity.tenant_id == session.context.tenant_id,
        Opportunity.id == opportunity_id,
        Opportunity.reported_by_id.is_not(None),
    )
    own = query.where(Opportunity.reported_by_id == actor.employee_id)
    found = await session.scalar(query if SEE_ALL in actor.scopes else own)
    if found is None:
        await session.see_all_rows()  # what one has reported one sees, whoever looks after it
        found = await session.scalar(own)
    if found is None:
        raise NotFound.of(Opportunity, opportunity_id)
    return found


async def list_reports(
    session: Session, filters: ReportFilters, *, actor: Actor
) -> tuple[list[Opportunity], str | None, int | None]:
    """Return one page of the caller's own reports, the next cursor, and the count if asked."""
    query = select(Opportunity).where(
        Opportunity.tenant_id == session.context.tenant_id,
        Opportunity.reported_by_id == actor.employee_id,
        Opportunity.reported_by_id.is_not(None),
    )
    await session.see_all_rows()  # what one has reported one sees, whoever looks after it
    return await paginate(
        session,
        query,
        filters,
        sort=filters.sort,
        columns={"created_at": Opportunity.created_at},
        tie_breaker=Opportunity.id,
    )
