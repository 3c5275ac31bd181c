"""Reading credit reservations."""

from uuid import UUID

from sqlalchemy import Select, select

from kehu_customer.credit_reservations.models import CreditRelease, CreditReservation
from kehu_customer.credit_reservations.schemas import ReservationFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"created_at": CreditReservation.created_at}
RELEASE_SORT_COLUMNS = {"released_at": CreditRelease.released_at}
EXACT_FILTERS = ("customer_id", "credit_account_id", "source_kind", "source_key", "state")


def matching(tenant_id: str, filters: ReservationFilters) -> Select[CreditReservation]:
    """Return the query for the reservations that match all filters."""
    query = select(CreditReservation).where(CreditReservation.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(CreditReservation, name) == value)
    return query


def releases_of(tenant_id: str, reservation_id: UUID) -> Select[CreditRelease]:
    """Return the query for what was set free of a reservation."""
    return select(CreditRelease).where(
        CreditRelease.tenant_id == tenant_id,
        CreditRelease.credit_reservation_id == reservation_id,
    )


async def reservation_of(
    session: Session, source_kind: str, source_key: str
) -> CreditReservation | None:
    """Return what a document has reserved."""
    query = select(CreditReservation).where(
        CreditReservation.tenant_id == session.context.tenant_id,
        CreditReservation.source_kind == source_kind,
        CreditReservation.source_key == source_key,
    )
    return await session.scalar(query)


async def release_by(
    session: Session, reservation_id: UUID, source_kind: str, source_key: str
) -> CreditRelease | None:
    """Return what a document has released of a reservation."""
    query = releases_of(session.context.tenant_id, reservation_id).where(
        CreditRelease.source_kind == source_kind, CreditRelease.source_key == source_key
    )
    return await session.scalar(query)
