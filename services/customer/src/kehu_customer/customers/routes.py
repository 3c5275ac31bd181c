"""The customer API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.custom_fields.errors import (
    CustomFieldsInvalid,
    CustomValueTaken,
    FieldNotSearchable,
)
from kehu_customer.custom_fields.queries import hidden_from_caller
from kehu_customer.customers import service
from kehu_customer.customers.errors import (
    AlreadyIdentified,
    AlreadyTradeCustomer,
    AnonymousCustomer,
    CustomerCodeTaken,
    CustomerHasEnded,
    CustomerMerged,
    ExternalReferenceTaken,
    InvalidCreditCode,
    ParentCycle,
    UnknownOwner,
    UnknownParent,
)
from kehu_customer.customers.models import Customer
from kehu_customer.customers.schemas import (
    CustomerCreate,
    CustomerEnding,
    CustomerFilters,
    CustomerHandOver,
    CustomerIdentification,
    CustomerPromotion,
    CustomerRead,
    CustomerUpdate,
)
from kehu_customer.duplicates.errors import DuplicateCustomer
from kehu_customer.duplicates.routes import AllowedDuplicate
from kehu_customer.duplicates.service import Suspect
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/customers", "customers")
READ = requires("customer:customers:read")
WRITE = requires("customer:customers:write")


@routes.post(
    "",
    summary="Create a customer",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        CustomerCodeTaken,
        ExternalReferenceTaken,
        UnknownParent,
        UnknownOwner,
        AnonymousCustomer,
        DateInFuture,
        InvalidCreditCode,
        DuplicateCustomer,
        CustomFieldsInvalid,
        CustomValueTaken,
        OutsideRowScope,
    ),
)
async def create_customer(
    data: CustomerCreate,
    session: Session,
    today: Today,
    allowed_duplicate: AllowedDuplicate,
    response: Response,
) -> CustomerRead:
    """Enter an organisation or person; it starts as a prospect.

    One that is certainly on record already is refused, with the candidates. One that may be is
    entered, put up for review, and the header `Kehu-Possible-Duplicates` counts the candidates.
    """
    customer, suspects = await service.create_customer(
        session, data, today=today, allowed_duplicate=allowed_duplicate
    )
    _tell(response, suspects)
    response.headers["Location"] = f"/v1/customers/{customer.id}"
    return await _answer(session, customer, response)


@routes.get(
    "",
    summary="List customers",
    dependencies=[READ],
    responses=problems(FieldNotSearchable),
)
async def list_customers(
    session: Session, filters: Annotated[CustomerFilters, Query()]
) -> Page[CustomerRead]:
    """Customers that match all filters, a page at a time."""
    customers, cursor, count = await service.list_customers(session, filters)
    hidden = await hidden_from_caller(session, customers)
    return Page(
        items=[CustomerRead.of(customer, hidden) for customer in customers],
        next_cursor=cursor,
        count=count,
    )


@routes.get(
    "/{customer_id}",
    summary="Read a customer",
    dependencies=[READ],
    responses={
        status.HTTP_307_TEMPORARY_REDIRECT: {
            "model": CustomerRead,
            "description": "It was merged: the record as it was, and where the survivor is.",
        }
    },
)
async def read_customer(customer_id: UUID, session: Session, response: Response) -> CustomerRead:
    """One customer, with its ETag. One that was merged leads to the survivor."""
    customer = await require(session, Customer, customer_id)
    if customer.merged_into_id is not None:
        # Temporary: a merge can be undone.
        response.status_code = status.HTTP_307_TEMPORARY_REDIRECT
        response.headers["Location"] = f"/v1/customers/{customer.merged_into_id}"
    return await _answer(session, customer, response)


@routes.patch(
    "/{customer_id}",
    summary="Change a customer",
    dependencies=[WRITE],
    responses=problems(
        CustomerHasEnded,
        CustomerMerged,
        InvalidCreditCode,
        CustomerCodeTaken,
        ParentCycle,
        UnknownParent,
        CustomFieldsInvalid,
        CustomValueTaken,
    ),
)
async def change_customer(
    customer_id: UUID,
    data: CustomerUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> CustomerRead:
    """Change master data; fields left out stay. State, owner and value have their own commands."""
    customer = await service.change_customer(session, customer_id, data, expected_version=version)
    return await _answer(session, customer, response)


@routes.post(
    "/{customer_id}/identify",
    summary="Say who an anonymous customer is",
    dependencies=[WRITE],
    responses=problems(CustomerHasEnded, CustomerMerged, AlreadyIdentified, DuplicateCustomer),
)
async def identify_customer(
    customer_id: UUID,
    data: CustomerIdentification,
    session: Session,
    version: OptionalVersion,
    allowed_duplicate: AllowedDuplicate,
    response: Response,
) -> CustomerRead:
    """Give a face its name: from then on the customer can be owned, and duplicates are found.

    Who certainly is on record already is refused, with the candidates: merge the anonymous record.
    """
    customer, suspects = await service.identify_customer(
        session,
        customer_id,
        data,
        expected_version=version,
        allowed_duplicate=allowed_duplicate,
    )
    _tell(response, suspects)
    return await _answer(session, customer, response)


@routes.post(
    "/{customer_id}/promote",
    summary="Make a prospect a trade customer",
    dependencies=[WRITE],
    responses=problems(
        CustomerHasEnded, CustomerMerged, AlreadyTradeCustomer, DateInFuture, DateBeforePrevious
    ),
)
async def promote_customer(
    customer_id: UUID,
    data: CustomerPromotion,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> CustomerRead:
    """Approve the customer for trade: only trade customers may appear on documents."""
    customer = await service.promote_customer(
        session, customer_id, data, today=today, expected_version=version
    )
    return await _answer(session, customer, response)


@routes.post(
    "/{customer_id}/end",
    summary="End the relation with a customer",
    dependencies=[WRITE],
    responses=problems(CustomerHasEnded, CustomerMerged, DateInFuture, DateBeforePrevious),
)
async def end_customer(
    customer_id: UUID,
    data: CustomerEnding,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> CustomerRead:
    """End the relation with a reason. The record stays and becomes read-only."""
    customer = await service.end_customer(
        session, customer_id, data, today=today, expected_version=version
    )
    return await _answer(session, customer, response)


@routes.post(
    "/{customer_id}/hand-over",
    summary="Hand a customer over to another owner",
    dependencies=[WRITE],
    responses=problems(CustomerHasEnded, CustomerMerged, AnonymousCustomer, UnknownOwner),
)
async def hand_over_customer(
    customer_id: UUID,
    data: CustomerHandOver,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> CustomerRead:
    """Give the customer to another employee and department, or (null) to the public pool."""
    customer = await service.hand_over_customer(
        session, customer_id, data, expected_version=version
    )
    return await _answer(session, customer, response)


def _tell(response: Response, suspects: list[Suspect]) -> None:
    if suspects:
        response.headers["Kehu-Possible-Duplicates"] = str(len(suspects))


async def _answer(session: Session, customer: Customer, response: Response) -> CustomerRead:
    set_etag(response, customer)
    return CustomerRead.of(customer, await hidden_from_caller(session, [customer]))
