"""Reading credit reports."""

from datetime import date
from uuid import UUID

from sqlalchemy import Select, select

from kehu_customer.credit_reports.models import CreditReport
from kehu_customer.credit_reports.schemas import CreditReportFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"reported_on": CreditReport.reported_on, "expires_on": CreditReport.expires_on}
EXACT_FILTERS = ("customer_id", "source", "grade")


def matching(tenant_id: str, filters: CreditReportFilters) -> Select[CreditReport]:
    """Return the query for the reports that match all filters."""
    query = select(CreditReport).where(CreditReport.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(CreditReport, name) == value)
    if filters.latest is not None:
        query = query.where(CreditReport.superseded_at.is_(None) == filters.latest)
    if filters.expired_by is not None:
        query = query.where(CreditReport.expires_on <= filters.expired_by)
    return query


async def latest_of(session: Session, customer_id: UUID) -> CreditReport | None:
    """Return the customer's latest report, valid or not."""
    query = select(CreditReport).where(
        CreditReport.tenant_id == session.context.tenant_id,
        CreditReport.customer_id == customer_id,
        CreditReport.superseded_at.is_(None),
    )
    return await session.scalar(query)


async def last_known_on(session: Session, customer_id: UUID, day: date) -> CreditReport | None:
    """Return the last report of the customer until a day, which may have expired by then."""
    query = select(CreditReport).where(
        CreditReport.tenant_id == session.context.tenant_id,
        CreditReport.customer_id == customer_id,
        CreditReport.reported_on <= day,
    )
    newest_first = (CreditReport.reported_on.desc(), CreditReport.id.desc())
    return await session.scalar(query.order_by(*newest_first).limit(1))
