"""The API of consents."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response, status

from kehu_customer.consents import service
from kehu_customer.consents.errors import (
    ConsentInFuture,
    ExpiryMisplaced,
    OneSubjectNeeded,
    ProofMissing,
    SubjectIsOrganisation,
    UnknownSubject,
)
from kehu_customer.consents.models import Consent
from kehu_customer.consents.schemas import (
    ConsentCheck,
    ConsentCheckRead,
    ConsentCreate,
    ConsentFilters,
    ConsentRead,
    ConsentState,
)
from kehu_customer.customers.errors import CustomerMerged
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.errors import PersonErased
from kehu_kernel.http import Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_kernel.wire import shown

routes = router("/v1/consents", "privacy")
checks = router("/v1/consent-checks", "privacy")
of_contact = router("/v1/contacts", "privacy")
of_customer = router("/v1/customers", "privacy")
READ = requires("customer:consents:read")
WRITE = requires("customer:consents:write")


async def _zone(request: Request) -> str:
    zone: str = request.app.state.settings.time_zone
    return zone


Zone = Annotated[str, Depends(_zone)]


@routes.post(
    "",
    summary="Record a consent or its withdrawal",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        OneSubjectNeeded,
        UnknownSubject,
        SubjectIsOrganisation,
        CustomerMerged,
        ConsentInFuture,
        ProofMissing,
        ExpiryMisplaced,
        PersonErased,
    ),
)
async def record_consent(
    data: ConsentCreate, session: Session, response: Response, zone: Zone
) -> ConsentRead:
    """Enter what a person said, with its proof. Nothing is changed: the newest entry holds."""
    consent = await service.record_consent(session, data, zone=zone)
    response.headers["Location"] = f"/v1/consents/{consent.id}"
    set_etag(response, consent)
    return shown(ConsentRead, consent)


@routes.get("", summary="List consents", dependencies=[READ])
async def list_consents(
    session: Session, filters: Annotated[ConsentFilters, Query()]
) -> Page[ConsentRead]:
    """The ledger: entries that match all filters, a page at a time, newest first."""
    found, cursor, count = await service.list_consents(session, filters)
    items = [shown(ConsentRead, one) for one in found]
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/{consent_id}", summary="Read a consent", dependencies=[READ])
async def read_consent(consent_id: UUID, session: Session, response: Response) -> ConsentRead:
    """One entry of the ledger."""
    consent = await require(session, Consent, consent_id)
    set_etag(response, consent)
    return shown(ConsentRead, consent)


@checks.post(
    "",
    summary="Check whether persons may be contacted",
    dependencies=[READ],
    responses=problems(OneSubjectNeeded),
)
async def check_consents(data: ConsentCheck, session: Session, zone: Zone) -> ConsentCheckRead:
    """Yes or no for each question, with the reason and the entry that decides.

    To be asked when something is sent, not before: the newest entry holds.
    """
    return ConsentCheckRead(
        answers=await service.check(session, data.questions, data.at, zone=zone)
    )


@of_contact.get("/{contact_id}/consents", summary="Read a contact's consents", dependencies=[READ])
async def read_contact_consents(contact_id: UUID, session: Session, zone: Zone) -> ConsentState:
    """What holds for a contact now, for each purpose and channel."""
    answers = await service.state_of(session, zone=zone, contact_id=contact_id)
    return ConsentState(answers=answers)


@of_customer.get(
    "/{customer_id}/consents", summary="Read a customer's consents", dependencies=[READ]
)
async def read_customer_consents(customer_id: UUID, session: Session, zone: Zone) -> ConsentState:
    """What holds for a customer who is a person now, for each purpose and channel."""
    answers = await service.state_of(session, zone=zone, customer_id=customer_id)
    return ConsentState(answers=answers)
