"""The price list API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_sales.directory.errors import STAFF
from kehu_sales.price_lists import service
from kehu_sales.price_lists.errors import (
    AudienceUnclear,
    LineRepeats,
    NoPriceLines,
    PriceListIsFixed,
)
from kehu_sales.price_lists.models import PriceList
from kehu_sales.price_lists.schemas import (
    LineFilters,
    ListCreate,
    ListFilters,
    ListRead,
    ListUpdate,
    PriceListLineRead,
    PricesInput,
)
from kehu_sales.products.errors import UnknownProduct

routes = router("/v1/price-lists", "price lists")
READ = requires("sales:price-lists:read")
WRITE = requires("sales:price-lists:write")
NEW_CUSTOMER = (UnknownCustomer, CustomerMerged, CustomerHasEnded)


@routes.post(
    "",
    summary="Create a price list",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(AudienceUnclear, PeriodReversed, *NEW_CUSTOMER, *STAFF),
)
async def create_price_list(
    data: ListCreate, session: Session, today: Today, response: Response
) -> ListRead:
    """Enter a price list as a draft; prices are set afterwards."""
    found = await service.create_price_list(session, data, today=today)
    response.headers["Location"] = f"/v1/price-lists/{found.id}"
    return _answer(found, response)


@routes.get("", summary="List price lists", dependencies=[READ])
async def list_price_lists(
    session: Session, filters: Annotated[ListFilters, Query()]
) -> Page[ListRead]:
    """Price lists that match all filters, a page at a time."""
    found, cursor, count = await service.list_price_lists(session, filters)
    return Page(items=[ListRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{price_list_id}", summary="Read a price list", dependencies=[READ])
async def read_price_list(price_list_id: UUID, session: Session, response: Response) -> ListRead:
    """One price list with its ETag."""
    return _answer(await require(session, PriceList, price_list_id), response)


@routes.patch(
    "/{price_list_id}",
    summary="Change a price list",
    dependencies=[WRITE],
    responses=problems(PriceListIsFixed, AudienceUnclear, PeriodReversed, *NEW_CUSTOMER, *STAFF),
)
async def change_price_list(
    price_list_id: UUID,
    data: ListUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> ListRead:
    """Change a draft; fields left out stay."""
    found = await service.change_price_list(session, price_list_id, data, expected_version=version)
    return _answer(found, response)


@routes.post(
    "/{price_list_id}/lines",
    summary="Set prices",
    dependencies=[WRITE],
    responses=problems(PriceListIsFixed, LineRepeats, UnknownProduct),
)
async def set_prices(
    price_list_id: UUID,
    data: PricesInput,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> ListRead:
    """Set or take off prices of a draft; those of other products and quantities stay."""
    found = await service.set_prices(session, price_list_id, data, expected_version=version)
    return _answer(found, response)


@routes.get("/{price_list_id}/lines", summary="List prices", dependencies=[READ])
async def list_prices(
    price_list_id: UUID, session: Session, filters: Annotated[LineFilters, Query()]
) -> Page[PriceListLineRead]:
    """The prices of a list, a page at a time."""
    currency, lines, cursor, count = await service.list_lines(session, price_list_id, filters)
    items = [PriceListLineRead.of(line, currency) for line in lines]
    return Page(items=items, next_cursor=cursor, count=count)


@routes.post(
    "/{price_list_id}/submit",
    summary="Submit a price list",
    dependencies=[WRITE],
    responses=problems(PriceListIsFixed, NoPriceLines),
)
async def submit_price_list(
    price_list_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> ListRead:
    """Submit a draft for approval; where no chain asks anybody it is approved at once."""
    found = await service.submit_price_list(session, price_list_id, expected_version=version)
    return _answer(found, response)


def _answer(found: PriceList, response: Response) -> ListRead:
    set_etag(response, found)
    return ListRead.of(found)
