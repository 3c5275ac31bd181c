"""What can be done about erasing persons. One function per command, each one transaction."""

from datetime import timedelta
from uuid import UUID

from kehu_customer.contacts.models import Contact
from kehu_customer.customers.models import Customer, CustomerKind, CustomerState
from kehu_customer.erasures import events, queries
from kehu_customer.erasures.errors import (
    OBJECTION_EN,
    AlreadyErased,
    ErasureRefused,
    OnePersonNeeded,
    OrganisationNotErased,
    UnknownPerson,
)
from kehu_customer.erasures.models import (
    MAY_BE_OVERRIDDEN,
    Erasure,
    ErasureAcknowledgement,
    ErasureState,
    Objection,
)
from kehu_customer.erasures.schemas import (
    ErasureCreate,
    ErasureFilters,
    ErasurePreview,
    ErasureRead,
    Subject,
)
from kehu_kernel import audit, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.erasure import ErasedSubject, keep_order
from kehu_kernel.errors import NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def order_erasure(session: Session, data: ErasureCreate) -> Erasure:
    """Order all services to erase a person; from the commit on nothing personal comes in here.

    Raises `OnePersonNeeded`, `UnknownPerson`, `OrganisationNotErased`, `AlreadyErased`, and
    `ErasureRefused` with every objection that is not overridden.
    """
    subject_ids, objections = await _look_at(session, data)
    left = [one for one in objections if one not in MAY_BE_OVERRIDDEN.intersection(data.despite)]
    if left:
        told = [OBJECTION_EN[one] for one in left]
        raise ErasureRefused(objections=told, extra={"objections": left})
    erasure = Erasure(
        id=ids.new_id(),
        customer_id=data.customer_id,
        contact_id=data.contact_id,
        subject_ids=[str(one) for one in subject_ids],
        legal_basis=data.legal_basis,
        reason=data.reason,
        despite=[one.value for one in objections],
        state=ErasureState.ORDERED,
        ordered_by=session.context.actor,
    )
    audit.created(session, erasure)
    outbox.add(session, events.ordered(erasure), sequence=erasure.version)
    await keep_order(session, erasure.id, subject_ids)
    return erasure


async def preview_erasure(session: Session, data: Subject) -> ErasurePreview:
    """Tell what an erasure would do, and do nothing. Raises what `order_erasure` raises."""
    subject_ids, objections = await _look_at(session, data)
    counts = await queries.count_personal(session, subject_ids)
    return ErasurePreview(subject_ids=subject_ids, objections=objections, counts=counts)


async def acknowledge(
    session: Session, erasure_id: UUID, service: str, counts: dict[str, int]
) -> None:
    """Note that a service has erased the person; the last one completes the erasure."""
    erasure = await require(session, Erasure, erasure_id, lock=True)
    told = (await queries.acknowledgements_of(session, [erasure]))[erasure_id]
    done = {one.service for one in told}
    if service in done:
        return
    now = session.context.now
    session.add(
        ErasureAcknowledgement(erasure_id=erasure_id, service=service, counts=counts, at=now)
    )
    if erasure.complete_when_all({*done, service}, now):
        audit.changed(session, erasure, "completed")
        outbox.add(session, events.completed(erasure), sequence=erasure.version)


async def list_erasures(
    session: Session, filters: ErasureFilters, *, after_hours: float
) -> tuple[list[ErasureRead], str | None, int | None]:
    """Return one page of the erasures that match, the next cursor, and the count if asked."""
    late = session.context.now - timedelta(hours=after_hours)
    found, cursor, count = await paginate(
        session,
        queries.matching(session.context.tenant_id, filters, overdue_before=late),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Erasure.id,
    )
    told = await queries.acknowledgements_of(session, found)
    now = session.context.now
    items = [
        ErasureRead.of(one, told[one.id], overdue=one.overdue(now, after_hours=after_hours))
        for one in found
    ]
    return items, cursor, count


async def show(session: Session, erasure: Erasure, *, after_hours: float) -> ErasureRead:
    """Return an erasure with what services told of it."""
    told = await queries.acknowledgements_of(session, [erasure])
    overdue = erasure.overdue(session.context.now, after_hours=after_hours)
    return ErasureRead.of(erasure, told[erasure.id], overdue=overdue)


async def persons(session: Session, data: Subject) -> list[UUID]:
    """Return all records of a person, locked. Raises as `order_erasure`, without objections."""
    subject_ids, _ = await _look_at(session, data)
    return subject_ids


async def _look_at(session: Session, data: Subject) -> tuple[list[UUID], list[Objection]]:
    """Lock the person; return all records of the person, and every objection."""
    if (data.customer_id is None) == (data.contact_id is None):
        raise OnePersonNeeded
    try:
        if data.contact_id is not None:
            return await _look_at_contact(session, data.contact_id)
        assert data.customer_id is not None  # noqa: S101 - one of the two is given
        return await _look_at_customer(session, data.customer_id)
    except NotFound as error:
        raise UnknownPerson from error


async def _look_at_contact(
    session: Session, contact_id: UUID
) -> tuple[list[UUID], list[Objection]]:
    contact = await require(session, Contact, contact_id, lock=True)
    await _require_not_erased(session, contact_id)
    return [contact_id], [Objection.CONTACT_ACTIVE] if contact.active else []


async def _look_at_customer(
    session: Session, customer_id: UUID
) -> tuple[list[UUID], list[Objection]]:
    customer = await require(session, Customer, customer_id, lock=True)
    customer.require_unmerged()
    await _require_not_erased(session, customer_id)
    if customer.kind != CustomerKind.PERSON:
        raise OrganisationNotErased(name=customer.name)
    await session.see_all_rows()  # what was merged into the person may be out of sight
    merged = await queries.merged_into(session, customer_id)
    subject_ids = [customer_id, *(one.id for one in merged)]
    left = await queries.left_open(session, subject_ids)
    speaks = {
        Objection.CUSTOMER_CURRENT: customer.state != CustomerState.FORMER,
        Objection.CREDIT_OPEN: await queries.has_open_credit(session, subject_ids),
        Objection.OPPORTUNITY_OPEN: "opportunity" in left,
        Objection.REQUEST_OPEN: "request" in left,
    }
    return subject_ids, [objection for objection, holds in speaks.items() if holds]


async def _require_not_erased(session: Session, subject_id: UUID) -> None:
    erased = await session.get(ErasedSubject, (session.context.tenant_id, subject_id))
    if erased is not None:
        raise AlreadyErased(erasure_id=erased.erasure_id)
