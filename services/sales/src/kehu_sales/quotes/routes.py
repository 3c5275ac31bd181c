"""The quote API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged
from kehu_sales.opportunities.errors import (
    EvaluationHasFailed,
    OpportunityIsClosed,
    UnknownOpportunity,
)
from kehu_sales.quotes import service
from kehu_sales.quotes.errors import NoProductLines
from kehu_sales.quotes.models import Quote
from kehu_sales.quotes.schemas import QuoteCreate, QuoteFilters, QuoteRead

routes = router("/v1/quotes", "quotes")
READ = requires("sales:quotes:read")
WRITE = requires("sales:quotes:write")


@routes.post(
    "",
    summary="Create a quote",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        UnknownOpportunity,
        OpportunityIsClosed,
        EvaluationHasFailed,
        NoProductLines,
        CustomerMerged,
        CustomerHasEnded,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def create_quote(
    data: QuoteCreate, session: Session, today: Today, response: Response
) -> QuoteRead:
    """Make a quote from an opportunity: it takes the product lines over as they are now."""
    quote = await service.create_quote(session, data, today=today)
    response.headers["Location"] = f"/v1/quotes/{quote.id}"
    return _answer(quote, response)


@routes.get("", summary="List quotes", dependencies=[READ])
async def list_quotes(
    session: Session, filters: Annotated[QuoteFilters, Query()]
) -> Page[QuoteRead]:
    """Quotes that match all filters, a page at a time."""
    quotes, cursor, count = await service.list_quotes(session, filters)
    return Page(items=[QuoteRead.of(quote) for quote in quotes], next_cursor=cursor, count=count)


@routes.get("/{quote_id}", summary="Read a quote", dependencies=[READ])
async def read_quote(quote_id: UUID, session: Session, response: Response) -> QuoteRead:
    """One quote with its lines and its ETag."""
    return _answer(await require(session, Quote, quote_id), response)


def _answer(quote: Quote, response: Response) -> QuoteRead:
    set_etag(response, quote)
    return QuoteRead.of(quote)
