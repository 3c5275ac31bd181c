"""What can be done with credit investigations.

Every command locks the customer first, so that a customer has one open investigation at most and a
report that comes in meanwhile is seen.
"""

from datetime import date, timedelta
from uuid import UUID

from kehu_customer.credit.subjects import lock_subject
from kehu_customer.credit_investigations import events, queries
from kehu_customer.credit_investigations.errors import InvestigationUnderWay
from kehu_customer.credit_investigations.models import CreditInvestigation, InvestigationState
from kehu_customer.credit_investigations.schemas import (
    InvestigationCancellation,
    InvestigationCreate,
    InvestigationFilters,
    InvestigationRun,
)
from kehu_customer.credit_policy.queries import policy_of
from kehu_customer.credit_reports.models import CreditReport
from kehu_customer.customers.models import Customer
from kehu_kernel import audit, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def ask_for_investigation(
    session: Session, data: InvestigationCreate, *, today: date
) -> CreditInvestigation:
    """Ask for an investigation, with the reason.

    Raises `UnknownCustomer`, `CustomerHasEnded`, `InvestigationUnderWay`.
    """
    customer = await lock_subject(session, data.customer_id)
    if await queries.open_of(session, customer.id) is not None:
        raise InvestigationUnderWay
    return _open(session, customer, due_on=data.due_on or today, reason=data.reason)


async def open_due(session: Session, data: InvestigationRun, *, today: date) -> int:
    """Open an investigation for every report that expires, and return how many.

    A report asks once, however often this runs and by how many at once: they wait for each other's
    customers and look again. Repeat it while it opens as many as it may.
    """
    tenant_id = session.context.tenant_id
    notice = timedelta(days=(await policy_of(session)).notice_days)
    due = queries.due(tenant_id, today + notice)
    seen = [report.customer_id for report in await session.scalars(due.limit(data.limit))]
    if not seen:
        return 0
    customers = await queries.lock_customers(session, seen)
    reports = await session.scalars(due.where(CreditReport.customer_id.in_(seen)))
    for report in reports:
        _open(session, customers[report.customer_id], due_on=report.expires_on, expired=report)
    return len(reports)


async def cancel_investigation(
    session: Session,
    investigation_id: UUID,
    data: InvestigationCancellation,
    *,
    expected_version: int | None,
) -> CreditInvestigation:
    """Close an investigation without a report, with the reason. Raises `InvestigationClosed`."""
    found = await require(session, CreditInvestigation, investigation_id)
    await require(session, Customer, found.customer_id, lock=True)
    one = await require(
        session, CreditInvestigation, investigation_id, lock=True, expected_version=expected_version
    )
    one.cancel(data.reason, at=session.context.now, by=session.context.actor)
    _record_close(session, one, "cancelled")
    return one


async def settle_investigation(session: Session, report: CreditReport) -> None:
    """Close the customer's open investigation, if there is one: here is the report.

    The caller has locked the customer.
    """
    one = await queries.open_of(session, report.customer_id)
    if one is not None:
        one.settle(report.id, at=session.context.now, by=session.context.actor)
        _record_close(session, one, "settled")


async def list_investigations(
    session: Session, filters: InvestigationFilters
) -> tuple[list[CreditInvestigation], str | None, int | None]:
    """Return one page of the investigations that match, the next cursor, and the count."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=CreditInvestigation.id,
    )


def _open(
    session: Session,
    customer: Customer,
    *,
    due_on: date,
    reason: str | None = None,
    expired: CreditReport | None = None,
) -> CreditInvestigation:
    one = CreditInvestigation(
        id=ids.new_id(),
        customer_id=customer.id,
        expired_report_id=expired.id if expired else None,
        assignee_id=customer.owner_id,
        due_on=due_on,
        reason=reason,
        state=InvestigationState.OPEN,
    )
    audit.created(session, one)
    outbox.add(session, events.opened(one), sequence=one.version)
    return one


def _record_close(session: Session, one: CreditInvestigation, action: str) -> None:
    fields = audit.changed(session, one, action)
    outbox.add(session, events.closed(one, fields), sequence=one.version)
