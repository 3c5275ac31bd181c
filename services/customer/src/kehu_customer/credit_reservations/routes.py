"""The credit reservation API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.credit.errors import CreditRefused
from kehu_customer.credit_reservations import service
from kehu_customer.credit_reservations.errors import (
    ReleaseDiffers,
    ReleaseTooLarge,
    ReservationCancelled,
    ReservationClosed,
    ReservationDiffers,
)
from kehu_customer.credit_reservations.models import CreditReservation
from kehu_customer.credit_reservations.schemas import (
    ReleaseFilters,
    ReleaseRead,
    ReservationCancellation,
    ReservationCreate,
    ReservationFilters,
    ReservationRead,
    ReservationRelease,
)
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/credit-reservations", "credit reservations")
READ = requires("customer:credit:read")
WRITE = requires("customer:credit:write")


@routes.post(
    "",
    summary="Create a credit reservation",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(UnknownCustomer, CreditRefused, ReservationDiffers, ReservationCancelled),
)
async def reserve_credit(
    data: ReservationCreate, session: Session, today: Today, response: Response
) -> ReservationRead:
    """Take a part of the credit for a document.

    The same document again gets what it has. What was cancelled stays so, and is refused: a
    document that counts again reserves with another `source_key`.
    """
    reservation = await service.reserve_credit(session, data, today=today)
    response.headers["Location"] = f"/v1/credit-reservations/{reservation.id}"
    return _answer(reservation, response)


@routes.get("", summary="List credit reservations", dependencies=[READ])
async def list_reservations(
    session: Session, filters: Annotated[ReservationFilters, Query()]
) -> Page[ReservationRead]:
    """Reservations that match all filters, a page at a time, newest first."""
    found, cursor, count = await service.list_reservations(session, filters)
    return Page(items=[ReservationRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{credit_reservation_id}", summary="Read a credit reservation", dependencies=[READ])
async def read_reservation(
    credit_reservation_id: UUID, session: Session, response: Response
) -> ReservationRead:
    """One reservation, with its ETag."""
    return _answer(await require(session, CreditReservation, credit_reservation_id), response)


@routes.get(
    "/{credit_reservation_id}/releases",
    summary="List the releases of a credit reservation",
    dependencies=[READ],
)
async def list_releases(
    credit_reservation_id: UUID, session: Session, filters: Annotated[ReleaseFilters, Query()]
) -> Page[ReleaseRead]:
    """Which documents set free how much of a reservation, a page at a time."""
    found, cursor, count = await service.list_releases(session, credit_reservation_id, filters)
    return Page(items=[ReleaseRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.post(
    "/{credit_reservation_id}/release",
    summary="Release a credit reservation",
    dependencies=[WRITE],
    responses=problems(ReservationClosed, ReleaseTooLarge, ReleaseDiffers),
)
async def release_credit(
    credit_reservation_id: UUID,
    data: ReservationRelease,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> ReservationRead:
    """Set a part or all free, as for a receipt. The same document again changes nothing."""
    reservation = await service.release_credit(
        session, credit_reservation_id, data, expected_version=version
    )
    return _answer(reservation, response)


@routes.post(
    "/{credit_reservation_id}/cancel",
    summary="Cancel a credit reservation",
    dependencies=[WRITE],
    responses=problems(ReservationClosed),
)
async def cancel_reservation(
    credit_reservation_id: UUID,
    data: ReservationCancellation,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> ReservationRead:
    """The document came to nothing: what is outstanding is free again."""
    reservation = await service.cancel_reservation(
        session, credit_reservation_id, data, expected_version=version
    )
    return _answer(reservation, response)


def _answer(reservation: CreditReservation, response: Response) -> ReservationRead:
    set_etag(response, reservation)
    return ReservationRead.of(reservation)
