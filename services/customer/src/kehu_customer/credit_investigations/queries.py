"""Reading credit investigations, and what is due for one."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Select, exists, or_, select

from kehu_customer.credit_investigations.models import CreditInvestigation, InvestigationState
from kehu_customer.credit_investigations.schemas import InvestigationFilters
from kehu_customer.credit_reports.models import CreditReport
from kehu_customer.customers.models import Customer, CustomerState
from kehu_kernel.session import Session

SORT_COLUMNS = {"due_on": CreditInvestigation.due_on}
EXACT_FILTERS = ("customer_id", "assignee_id", "state")


def matching(tenant_id: str, filters: InvestigationFilters) -> Select[CreditInvestigation]:
    """Return the query for the investigations that match all filters."""
    query = select(CreditInvestigation).where(CreditInvestigation.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(CreditInvestigation, name) == value)
    if filters.due_by is not None:
        query = query.where(CreditInvestigation.due_on <= filters.due_by)
    return query


async def open_of(session: Session, customer_id: UUID) -> CreditInvestigation | None:
    """Return the customer's open investigation."""
    query = select(CreditInvestigation).where(
        CreditInvestigation.tenant_id == session.context.tenant_id,
        CreditInvestigation.customer_id == customer_id,
        CreditInvestigation.state == InvestigationState.OPEN,
    )
    return await session.scalar(query)


def due(tenant_id: str, expired_by: date) -> Select[CreditReport]:
    """Return the query for the latest reports that expire by a day and have no investigation.

    Those of former and of merged customers ask for none, nor while the customer is being
    investigated.
    """
    asked = exists().where(
        CreditInvestigation.tenant_id == tenant_id,
        CreditInvestigation.customer_id == CreditReport.customer_id,
        or_(
            CreditInvestigation.expired_report_id == CreditReport.id,
            CreditInvestigation.state == InvestigationState.OPEN,
        ),
    )
    over = exists().where(
        Customer.tenant_id == tenant_id,
        Customer.id == CreditReport.customer_id,
        or_(Customer.state == CustomerState.FORMER, Customer.merged_into_id.is_not(None)),
    )
    return (
        select(CreditReport)
        .where(
            CreditReport.tenant_id == tenant_id,
            CreditReport.superseded_at.is_(None),
            CreditReport.expires_on <= expired_by,
            ~asked,
            ~over,
        )
        .order_by(CreditReport.expires_on, CreditReport.id)
    )


async def lock_customers(session: Session, customer_ids: Sequence[UUID]) -> dict[UUID, Customer]:
    """Lock customers, the smaller id first, and return them by id."""
    query = (
        select(Customer)
        .where(Customer.tenant_id == session.context.tenant_id, Customer.id.in_(customer_ids))
        .order_by(Customer.id)
        .with_for_update(key_share=True)
    )
    return {customer.id: customer for customer in await session.scalars(query)}
