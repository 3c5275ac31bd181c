"""What can be done with a lead. One function per command; each runs in one transaction."""

from datetime import date
from typing import Any
from uuid import UUID

from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.numbering import next_number
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_marketing.customers.service import require_customer
from kehu_marketing.leads import events, numbers, queries
from kehu_marketing.leads.models import Lead, LeadStatus
from kehu_marketing.leads.schemas import (
    LeadCreate,
    LeadDisqualification,
    LeadFilters,
    LeadUpdate,
)


async def create_lead(session: Session, data: LeadCreate, *, today: date, region: str) -> Lead:
    """Enter a new lead. `region` is where its phone number is, without a country code.

    Raises `CustomerMissing`, `ContactWithoutCustomer`, `UnknownCustomer`, `CustomerHasEnded`,
    `InvalidPhoneNumber`, `InvalidEmailAddress`, `DateInFuture`; the database refuses an
    external reference that is taken.
    """
    created_on = business_day.happened(data.created_on, today)
    lead = Lead(**_columns(data, set(LeadCreate.model_fields) - {"created_on"}))
    lead.status, lead.created_on = LeadStatus.OPEN, created_on
    lead.require_parties()
    _require_numbers(data, None, region)
    if lead.customer_id is not None:
        await require_customer(session, lead.customer_id)
    lead.number = await next_number(session, "LEAD", year=created_on.year)
    audit.created(session, lead)
    outbox.add(session, events.created(lead), sequence=lead.version)
    return lead


async def change_lead(
    session: Session, lead_id: UUID, data: LeadUpdate, *, region: str, expected_version: int
) -> Lead:
    """Change an open lead. A number or address that it has already is not looked at again.

    Raises `LeadNotOpen`, `CustomerMissing`, `ContactWithoutCustomer`, `UnknownCustomer`,
    `CustomerHasEnded`, `InvalidPhoneNumber`, `InvalidEmailAddress`.
    """
    lead = await require(session, Lead, lead_id, lock=True, expected_version=expected_version)
    lead.require_open()
    _require_numbers(data, lead, region)
    if data.customer_id is not None and data.customer_id != lead.customer_id:
        await require_customer(session, data.customer_id)
    for name, value in _columns(data, data.model_fields_set).items():
        setattr(lead, name, value)
    lead.require_parties()
    return _publish(session, lead, "changed")


async def disqualify_lead(
    session: Session,
    lead_id: UUID,
    data: LeadDisqualification,
    *,
    today: date,
    expected_version: int | None,
) -> Lead:
    """Give a lead up, with the reason. Raises what `Lead.disqualify` raises, `DateInFuture`."""
    lead = await require(session, Lead, lead_id, lock=True, expected_version=expected_version)
    lead.disqualify(business_day.happened(data.on, today), data.reason)
    return _publish(session, lead, "disqualified")


async def reopen_lead(session: Session, lead_id: UUID, *, expected_version: int | None) -> Lead:
    """Take a disqualified lead up again. Raises `LeadNotDisqualified`."""
    lead = await require(session, Lead, lead_id, lock=True, expected_version=expected_version)
    lead.reopen()
    return _publish(session, lead, "reopened")


async def list_leads(
    session: Session, filters: LeadFilters
) -> tuple[list[Lead], str | None, int | None]:
    """Return one page of the leads that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Lead.id,
    )


def _require_numbers(data: LeadCreate | LeadUpdate, before: Lead | None, region: str) -> None:
    """Refuse what could not become a contact's: a conversion would end by it."""
    phone, email = data.contact_phone, data.contact_email
    if phone is not None and (before is None or phone != before.contact_phone):
        numbers.require_phone(phone, region)
    if email is not None and (before is None or email != before.contact_email):
        numbers.require_email(email)


def _columns(data: LeadCreate | LeadUpdate, names: set[str]) -> dict[str, Any]:
    """Return the named fields as the table has them."""
    columns = {name: getattr(data, name) for name in names}
    if "expected_revenue" in columns:
        revenue = columns.pop("expected_revenue")
        columns["expected_revenue"] = revenue.amount if revenue else None
        columns["expected_revenue_currency"] = revenue.currency if revenue else None
    if "interests" in columns:
        columns["interests"] = [one.model_dump(mode="json") for one in data.interests or ()]
    return columns


def _publish(session: Session, lead: Lead, action: str) -> Lead:
    fields = audit.changed(session, lead, action)
    if fields:
        outbox.add(session, events.changed(lead, fields), sequence=lead.version)
    return lead
