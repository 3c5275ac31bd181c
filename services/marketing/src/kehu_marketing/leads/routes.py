"""The lead API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_marketing.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_marketing.language import Language, PhoneRegion
from kehu_marketing.leads import service
from kehu_marketing.leads.errors import (
    ContactWithoutCustomer,
    CustomerMissing,
    ExternalReferenceTaken,
    InvalidEmailAddress,
    InvalidPhoneNumber,
    LeadNotDisqualified,
    LeadNotOpen,
)
from kehu_marketing.leads.models import Lead
from kehu_marketing.leads.schemas import (
    LeadCreate,
    LeadDisqualification,
    LeadFilters,
    LeadRead,
    LeadUpdate,
    SourceRead,
)
from kehu_marketing.leads.sources import LeadSource

routes = router("/v1/leads", "leads")
source_routes = router("/v1/lead-sources", "leads")
READ = requires("marketing:leads:read")
WRITE = requires("marketing:leads:write")


@routes.post(
    "",
    summary="Create a lead",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        CustomerMissing,
        ContactWithoutCustomer,
        UnknownCustomer,
        CustomerMerged,
        CustomerHasEnded,
        ExternalReferenceTaken,
        InvalidPhoneNumber,
        InvalidEmailAddress,
        DateInFuture,
    ),
)
async def create_lead(
    data: LeadCreate,
    session: Session,
    today: Today,
    region: PhoneRegion,
    language: Language,
    response: Response,
) -> LeadRead:
    """Enter a lead, with its customer and contact picked or typed; it starts open."""
    lead = await service.create_lead(session, data, today=today, region=region)
    response.headers["Location"] = f"/v1/leads/{lead.id}"
    return _answer(lead, language, response)


@routes.get("", summary="List leads", dependencies=[READ])
async def list_leads(
    session: Session, filters: Annotated[LeadFilters, Query()], language: Language
) -> Page[LeadRead]:
    """Leads that match all filters, a page at a time."""
    leads, cursor, count = await service.list_leads(session, filters)
    items = [LeadRead.of(lead, language) for lead in leads]
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/{lead_id}", summary="Read a lead", dependencies=[READ])
async def read_lead(
    lead_id: UUID, session: Session, language: Language, response: Response
) -> LeadRead:
    """One lead, with its ETag."""
    return _answer(await require(session, Lead, lead_id), language, response)


@routes.patch(
    "/{lead_id}",
    summary="Change a lead",
    dependencies=[WRITE],
    responses=problems(
        LeadNotOpen,
        CustomerMissing,
        ContactWithoutCustomer,
        UnknownCustomer,
        CustomerMerged,
        CustomerHasEnded,
        InvalidPhoneNumber,
        InvalidEmailAddress,
    ),
)
async def change_lead(
    lead_id: UUID,
    data: LeadUpdate,
    session: Session,
    version: ExpectedVersion,
    region: PhoneRegion,
    language: Language,
    response: Response,
) -> LeadRead:
    """Change an open lead; fields left out stay."""
    lead = await service.change_lead(
        session, lead_id, data, region=region, expected_version=version
    )
    return _answer(lead, language, response)


@routes.post(
    "/{lead_id}/disqualify",
    summary="Give a lead up",
    dependencies=[WRITE],
    responses=problems(LeadNotOpen, DateInFuture, DateBeforePrevious),
)
async def disqualify_lead(
    lead_id: UUID,
    data: LeadDisqualification,
    session: Session,
    today: Today,
    version: OptionalVersion,
    language: Language,
    response: Response,
) -> LeadRead:
    """Give a lead up, with the reason. It stays, and can be opened again."""
    lead = await service.disqualify_lead(
        session, lead_id, data, today=today, expected_version=version
    )
    return _answer(lead, language, response)


@routes.post(
    "/{lead_id}/reopen",
    summary="Open a disqualified lead again",
    dependencies=[WRITE],
    responses=problems(LeadNotDisqualified),
)
async def reopen_lead(
    lead_id: UUID,
    session: Session,
    version: OptionalVersion,
    language: Language,
    response: Response,
) -> LeadRead:
    """Take up a lead again that was given up."""
    lead = await service.reopen_lead(session, lead_id, expected_version=version)
    return _answer(lead, language, response)


@source_routes.get("", summary="List lead sources", dependencies=[READ])
async def list_lead_sources(language: Language) -> list[SourceRead]:
    """Every way to find leads, with its name in the request's language."""
    return [SourceRead(code=source, name=source.label(language)) for source in LeadSource]


def _answer(lead: Lead, language: str, response: Response) -> LeadRead:
    set_etag(response, lead)
    return LeadRead.of(lead, language)
