"""What can be done with credit reservations: reserve, release, cancel.

Contracts of sales are no reservations: they count by their events, see `credit_contracts`. Each
command names the document it comes from, so doing it twice has one effect. The accounts of the
group stay locked until the end: of two that want the last of the limit, one gets it.
"""

from datetime import date
from uuid import UUID

from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.credit.models import CreditAccount
from kehu_customer.credit.queries import group_of, standing_of
from kehu_customer.credit.service import record_exposure
from kehu_customer.credit_reservations import events, queries
from kehu_customer.credit_reservations.models import (
    NOTHING,
    CreditRelease,
    CreditReservation,
    ReservationState,
)
from kehu_customer.credit_reservations.schemas import (
    ReleaseFilters,
    ReservationCancellation,
    ReservationCreate,
    ReservationFilters,
    ReservationRelease,
)
from kehu_customer.customers.models import Customer
from kehu_kernel import audit, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def reserve_credit(
    session: Session, data: ReservationCreate, *, today: date
) -> CreditReservation:
    """Take a part of the credit for a document, by the limit of today.

    A document that has reserved the same already gets what it has, unless that was cancelled.
    Raises `UnknownCustomer`, `ReservationDiffers`, `ReservationCancelled`, `CreditRefused`.
    """
    # Shared: the relation does not end meanwhile, and branches of a group wait at its accounts.
    key = (session.context.tenant_id, data.customer_id)
    customer = await session.get(Customer, key, lock="FOR SHARE")
    if customer is None:
        raise UnknownCustomer
    group = await group_of(session, customer.id, lock=True)
    amount, currency = data.amount.amount, data.amount.currency
    reserved = await queries.reservation_of(session, data.source_kind, data.source_key)
    if reserved is not None:
        reserved.require_repeated(customer.id, amount, currency)
        return reserved
    standing = await standing_of(session, customer, group, today)
    standing.require(amount, currency)
    account = group.accounts[group.head_id]  # it was opened with the limit
    account.take(amount, standing.ceiling)
    record_exposure(session, account, "reserved")
    reservation = CreditReservation(
        **data.model_dump(exclude={"amount"}),
        id=ids.new_id(),
        credit_account_id=account.id,
        amount=amount,
        currency=currency,
        released=NOTHING,
        state=ReservationState.OPEN,
        reserved_by=session.context.actor,
    )
    audit.created(session, reservation)
    outbox.add(session, events.created(reservation), sequence=reservation.version)
    return reservation


async def release_credit(
    session: Session,
    reservation_id: UUID,
    data: ReservationRelease,
    *,
    expected_version: int | None,
) -> CreditReservation:
    """Set a part or all of a reservation free, for a document such as a receipt.

    A document that has released the same already changes nothing; that is found out before
    `expected_version` is compared. Raises `ReservationClosed`, `ReleaseTooLarge`, `ReleaseDiffers`.
    """
    reservation, account = await _lock(session, reservation_id)
    before = await queries.release_by(session, reservation.id, data.source_kind, data.source_key)
    if before is not None:
        before.require_same(data.amount)
        return reservation
    await require(session, CreditReservation, reservation_id, expected_version=expected_version)
    free = reservation.release(data.amount)
    account.give_back(free)
    record_exposure(session, account, "released")
    session.add(
        CreditRelease(
            id=ids.new_id(),
            customer_id=reservation.customer_id,
            credit_reservation_id=reservation.id,
            source_kind=data.source_kind,
            source_key=data.source_key,
            asked=data.amount,
            amount=free,
            released_by=session.context.actor,
            released_at=session.context.now,
        )
    )
    fields = audit.changed(session, reservation, "released")
    event = events.released(reservation, fields)
    outbox.add(session, event, sequence=reservation.version)
    return reservation


async def cancel_reservation(
    session: Session,
    reservation_id: UUID,
    data: ReservationCancellation,
    *,
    expected_version: int | None,
) -> CreditReservation:
    """Set free what is outstanding, because the document came to nothing.

    Raises `ReservationClosed`.
    """
    reservation, account = await _lock(session, reservation_id)
    await require(session, CreditReservation, reservation_id, expected_version=expected_version)
    account.give_back(reservation.cancel(data.reason, session.context.actor))
    record_exposure(session, account, "cancelled")
    fields = audit.changed(session, reservation, "cancelled")
    event = events.cancelled(reservation, fields)
    outbox.add(session, event, sequence=reservation.version)
    return reservation


async def list_reservations(
    session: Session, filters: ReservationFilters
) -> tuple[list[CreditReservation], str | None, int | None]:
    """Return one page of the reservations that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=CreditReservation.id,
    )


async def list_releases(
    session: Session, reservation_id: UUID, filters: ReleaseFilters
) -> tuple[list[CreditRelease], str | None, int | None]:
    """Return one page of what was set free of a reservation. Raises `NotFound`."""
    await require(session, CreditReservation, reservation_id)
    return await paginate(
        session,
        queries.releases_of(session.context.tenant_id, reservation_id),
        filters,
        sort=filters.sort,
        columns=queries.RELEASE_SORT_COLUMNS,
        tie_breaker=CreditRelease.id,
    )


async def _lock(session: Session, reservation_id: UUID) -> tuple[CreditReservation, CreditAccount]:
    """Lock the account of a reservation, then the reservation."""
    found = await require(session, CreditReservation, reservation_id)
    account = await require(session, CreditAccount, found.credit_account_id, lock=True)
    reservation = await require(session, CreditReservation, reservation_id, lock=True)
    return reservation, account
