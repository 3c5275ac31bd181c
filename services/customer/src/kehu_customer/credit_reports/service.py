"""What can be done with credit reports: enter them. They are never changed."""

from datetime import date

from kehu_customer.credit.subjects import lock_subject
from kehu_customer.credit_investigations.service import settle_investigation
from kehu_customer.credit_policy.queries import policy_of
from kehu_customer.credit_reports import events, queries
from kehu_customer.credit_reports.models import CreditReport, months_after
from kehu_customer.credit_reports.schemas import CreditReportCreate, CreditReportFilters
from kehu_kernel import audit, business_day, ids, outbox
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def record_report(session: Session, data: CreditReportCreate, *, today: date) -> CreditReport:
    """Enter what an investigation found out; the customer's open investigation is done with it.

    A report that is not valid today settles nothing. Raises `UnknownCustomer`, `CustomerHasEnded`,
    `DateInFuture`, `ReportMonthsOutOfRange`, `AgencyMissing`.
    """
    customer = await lock_subject(session, data.customer_id)
    reported_on = business_day.happened(data.reported_on, today)
    months = (await policy_of(session)).validity(data.months)
    advised = data.advised_limit
    report = CreditReport(
        **data.model_dump(exclude={"reported_on", "months", "advised_limit"}),
        id=ids.new_id(),
        reported_on=reported_on,
        months=months,
        expires_on=months_after(reported_on, months),
        advised_amount=advised.amount if advised else None,
        advised_currency=advised.currency if advised else None,
        recorded_by=session.context.actor,
    )
    report.require_agency()
    former = await queries.latest_of(session, customer.id)
    report.follow(former, session.context.now)
    audit.created(session, report)
    outbox.add(session, events.recorded(report), sequence=report.version)
    if former is not None and former.superseded_at is not None:
        fields = audit.changed(session, former, "superseded")
        outbox.add(session, events.superseded(former, fields), sequence=former.version)
    if report.valid_on(today):
        await settle_investigation(session, report)
    return report


async def list_reports(
    session: Session, filters: CreditReportFilters
) -> tuple[list[CreditReport], str | None, int | None]:
    """Return one page of the reports that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=CreditReport.id,
    )
