"""What can be done with samples. One function per command; each runs in one transaction."""

from datetime import date
from uuid import UUID

from kehu_kernel import audit, business_day, ids, numbering, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.approvals.models import Approval, DocumentKind, Facts
from kehu_sales.approvals.service import Document, start
from kehu_sales.customers.service import load_customers, present_customer
from kehu_sales.directory.service import require_staff
from kehu_sales.lines import total
from kehu_sales.opportunities.decisions import priced
from kehu_sales.opportunities.links import lock_open
from kehu_sales.products.queries import load_products
from kehu_sales.samples import events, queries
from kehu_sales.samples.models import Sample, SampleState
from kehu_sales.samples.schemas import (
    SampleCancellation,
    SampleCreate,
    SampleDelivery,
    SampleFilters,
    SampleStep,
)

NUMBER_PREFIX = "SAMP"


async def request_samples(session: Session, data: SampleCreate, *, today: date) -> Sample:
    """Ask for samples; where no chain asks anybody they are approved at once.

    Raises `DateInFuture`, `DateBeforePrevious`, what `require_staff`, `lock_open`,
    `present_customer` and `decisions.priced` raise.
    """
    await require_staff(session, [data.owner_id], data.department_id)
    opportunity = await lock_open(session, data.opportunity_id)
    requested_on = business_day.happened(data.on, today)
    business_day.follows(requested_on, opportunity.opened_on)
    if data.due_back_on is not None:
        business_day.follows(data.due_back_on, requested_on)
    customer_id = opportunity.customer_id
    if customer_id is not None:
        known = await load_customers(session, [customer_id])
        customer_id = present_customer(known, customer_id).id
    products = await load_products(session, {line.product_id for line in data.lines})
    lines, currency = priced(data.lines, products, opportunity.currency, kept=opportunity.lines)
    sample = Sample(
        id=ids.new_id(),
        number=await numbering.next_number(session, NUMBER_PREFIX, year=requested_on.year),
        opportunity_id=opportunity.id,
        customer_id=customer_id,
        owner_id=data.owner_id or opportunity.owner_id or session.context.employee_id,
        department_id=data.department_id or opportunity.department_id,
        state=SampleState.REQUESTED,
        lines=lines,
        total=total(lines),
        currency=currency,
        note=data.note,
        requested_on=requested_on,
        due_back_on=data.due_back_on,
    )
    document = Document.of(DocumentKind.SAMPLE, sample, customer_id=customer_id)
    sample.follow((await start(session, document, Facts(sample.sum))).state)
    audit.created(session, sample)
    outbox.add(session, events.requested(sample), sequence=sample.version)
    return sample


async def approval_decided(session: Session, approval: Approval) -> None:
    """Follow what was decided about the request. Raises `SampleIsOut`."""
    sample = await require(session, Sample, approval.document_id, lock=True)
    sample.follow(approval.state)
    _changed(session, sample, f"approval-{approval.state}")


async def deliver_samples(
    session: Session,
    sample_id: UUID,
    data: SampleDelivery,
    *,
    today: date,
    expected_version: int | None,
) -> Sample:
    """Give them to the customer, in the stage the opportunity is in now: there they count.

    Raises `DateInFuture`, what `Sample.deliver` and `lock_open` raise.
    """
    sample = await require(session, Sample, sample_id)
    # The opportunity first, as everywhere: it cannot leave the stage meanwhile.
    opportunity = await lock_open(session, sample.opportunity_id)
    sample = await _lock(session, sample_id, expected_version)
    sample.deliver(business_day.happened(data.on, today), opportunity.stage_code)
    return _changed(session, sample, "delivered")


async def return_samples(
    session: Session,
    sample_id: UUID,
    data: SampleStep,
    *,
    today: date,
    expected_version: int | None,
) -> Sample:
    """Take them back, also after the opportunity. Raises what `Sample.give_back` does."""
    sample = await _lock(session, sample_id, expected_version)
    sample.give_back(business_day.happened(data.on, today), data.reason)
    return _changed(session, sample, "returned")


async def keep_samples(
    session: Session,
    sample_id: UUID,
    data: SampleStep,
    *,
    today: date,
    expected_version: int | None,
) -> Sample:
    """Leave them with the customer. Raises `DateInFuture`, or what `Sample.keep` raises."""
    sample = await _lock(session, sample_id, expected_version)
    sample.keep(business_day.happened(data.on, today), data.reason)
    return _changed(session, sample, "kept")


async def cancel_samples(
    session: Session,
    sample_id: UUID,
    data: SampleCancellation,
    *,
    today: date,
    expected_version: int | None,
) -> Sample:
    """Deliver nothing after all. Raises `DateInFuture`, or what `Sample.cancel` raises."""
    sample = await _lock(session, sample_id, expected_version)
    sample.cancel(business_day.happened(data.on, today), data.reason)
    return _changed(session, sample, "cancelled")


async def list_samples(
    session: Session, filters: SampleFilters, *, today: date
) -> tuple[list[Sample], str | None, int | None]:
    """Return one page of the samples that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters, today),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Sample.id,
    )


async def _lock(session: Session, sample_id: UUID, expected_version: int | None) -> Sample:
    return await require(session, Sample, sample_id, lock=True, expected_version=expected_version)


def _changed(session: Session, sample: Sample, action: str) -> Sample:
    fields = audit.changed(session, sample, action)
    if fields:
        outbox.add(session, events.changed(sample, fields), sequence=sample.version)
    return sample
