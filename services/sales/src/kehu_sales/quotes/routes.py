"""The quote API."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import language_of, problems
from kehu_sales.contracts.errors import QuoteHasContract
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_sales.directory.errors import STAFF
from kehu_sales.lines import AmountTooLarge, MixedCurrencies
from kehu_sales.opportunities.errors import (
    AnotherCustomer,
    EvaluationHasFailed,
    OpportunityInPool,
    OpportunityIsClosed,
    UnknownOpportunity,
)
from kehu_sales.opportunities.routes import Currency
from kehu_sales.price_lists.errors import PriceListNotApproved, UnknownPriceList
from kehu_sales.prices.errors import NoPriceInCurrency, TaxRateUnknown
from kehu_sales.products.errors import ProductWithdrawn, UnknownProduct
from kehu_sales.quotes import service
from kehu_sales.quotes.errors import (
    AnotherCustomersList,
    NewerVersion,
    NoProductLines,
    PriceAndDiscount,
    QuotedTooEarly,
    QuoteHasExpired,
    QuoteNotReady,
    QuoteSourceUnclear,
    TooManyPrices,
)
from kehu_sales.quotes.models import Quote
from kehu_sales.quotes.pdf import write_pdf
from kehu_sales.quotes.schemas import (
    QuoteCancellation,
    QuoteCreate,
    QuoteFilters,
    QuoteRead,
    QuoteRejection,
    QuoteStep,
    QuoteUpdate,
    QuoteVersions,
)

routes = router("/v1/quotes", "quotes")
READ = requires("sales:quotes:read")
WRITE = requires("sales:quotes:write")
LINES = (
    UnknownProduct,
    ProductWithdrawn,
    PriceAndDiscount,
    TaxRateUnknown,
    NoPriceInCurrency,
    MixedCurrencies,
    AmountTooLarge,
)
CUSTOMER = (UnknownCustomer, CustomerMerged, CustomerHasEnded)
DATES = (DateInFuture, DateBeforePrevious)
SOLD = (OpportunityIsClosed, EvaluationHasFailed, OpportunityInPool)
PDF: dict[int | str, Any] = {
    200: {
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The quote, to be printed.",
    }
}


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
        AnotherCustomer,
        UnknownPriceList,
        PriceListNotApproved,
        AnotherCustomersList,
        TooManyPrices,
        QuoteSourceUnclear,
        QuotedTooEarly,
        *STAFF,
        *LINES,
        *CUSTOMER,
        *DATES,
    ),
)
async def create_quote(
    data: QuoteCreate, session: Session, today: Today, currency: Currency, response: Response
) -> QuoteRead:
    """Draft a quote: from an opportunity (its lines), from a price list, or free."""
    quote = await service.create_quote(session, data, today=today, currency=currency)
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


@routes.patch(
    "/{quote_id}",
    summary="Change a quote",
    dependencies=[WRITE],
    responses=problems(
        QuoteNotReady, DateBeforePrevious, UnknownCustomer, CustomerHasEnded, *STAFF, *LINES
    ),
)
async def change_quote(
    quote_id: UUID,
    data: QuoteUpdate,
    session: Session,
    today: Today,
    version: ExpectedVersion,
    response: Response,
) -> QuoteRead:
    """Change a draft; new lines get the prices of today."""
    quote = await service.change_quote(
        session, quote_id, data, today=today, expected_version=version
    )
    return _answer(quote, response)


@routes.post(
    "/{quote_id}/submit",
    summary="Submit a quote",
    dependencies=[WRITE],
    responses=problems(
        QuoteNotReady,
        QuoteHasExpired,
        QuotedTooEarly,
        UnknownCustomer,
        CustomerHasEnded,
        *SOLD,
    ),
)
async def submit_quote(
    quote_id: UUID, session: Session, today: Today, version: OptionalVersion, response: Response
) -> QuoteRead:
    """Submit a draft; it is approved at once if nobody has to agree to its prices."""
    quote = await service.submit_quote(session, quote_id, today=today, expected_version=version)
    return _answer(quote, response)


@routes.post(
    "/{quote_id}/send",
    summary="Send a quote",
    dependencies=[WRITE],
    responses=problems(QuoteNotReady, QuoteHasExpired, *SOLD, *DATES),
)
async def send_quote(
    quote_id: UUID,
    data: QuoteStep,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> QuoteRead:
    """Say that an approved quote went to the customer; from then on it is fixed."""
    quote = await service.send_quote(session, quote_id, data, today=today, expected_version=version)
    return _answer(quote, response)


@routes.post(
    "/{quote_id}/accept",
    summary="Accept a quote",
    dependencies=[WRITE],
    responses=problems(QuoteNotReady, QuoteHasExpired, *SOLD, *DATES),
)
async def accept_quote(
    quote_id: UUID,
    data: QuoteStep,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> QuoteRead:
    """Take down the customer's yes."""
    quote = await service.accept_quote(
        session, quote_id, data, today=today, expected_version=version
    )
    return _answer(quote, response)


@routes.post(
    "/{quote_id}/reject",
    summary="Reject a quote",
    dependencies=[WRITE],
    responses=problems(QuoteNotReady, QuoteHasContract, *DATES),
)
async def reject_quote(
    quote_id: UUID,
    data: QuoteRejection,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> QuoteRead:
    """Take down the customer's no, and why."""
    quote = await service.reject_quote(
        session, quote_id, data, today=today, expected_version=version
    )
    return _answer(quote, response)


@routes.post(
    "/{quote_id}/cancel",
    summary="Cancel a quote",
    dependencies=[WRITE],
    responses=problems(QuoteNotReady, QuoteHasContract, *DATES),
)
async def cancel_quote(
    quote_id: UUID,
    data: QuoteCancellation,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> QuoteRead:
    """Give up a draft, or an approved quote without a contract.

    That is final; only a version after the first may be revised, to make its offer anew.
    """
    quote = await service.cancel_quote(
        session, quote_id, data, today=today, expected_version=version
    )
    return _answer(quote, response)


@routes.post(
    "/{quote_id}/revise",
    summary="Make a new version",
    dependencies=[WRITE],
    responses=problems(
        QuoteNotReady, QuoteHasContract, NewerVersion, UnknownCustomer, CustomerHasEnded, *SOLD
    ),
)
async def revise_quote(
    quote_id: UUID, session: Session, today: Today, version: OptionalVersion, response: Response
) -> QuoteRead:
    """Draft the next version of one that was approved, sent, rejected or expired; that is answered.

    One that was approved or sent gives way to it. A cancelled version after the first counts too.
    """
    quote = await service.revise_quote(session, quote_id, today=today, expected_version=version)
    return _answer(quote, response)


@routes.get("/{quote_id}/versions", summary="List versions", dependencies=[READ])
async def list_versions(quote_id: UUID, session: Session) -> QuoteVersions:
    """Every version of the offer, oldest first."""
    found = await service.list_versions(session, quote_id)
    return QuoteVersions(items=[QuoteRead.of(quote) for quote in found])


@routes.get(
    "/{quote_id}/pdf",
    summary="Print a quote",
    dependencies=[READ],
    response_model=None,
    responses=PDF,
)
async def print_quote(quote_id: UUID, session: Session, request: Request) -> Response:
    """The quote as a PDF, in Chinese with `Accept-Language: zh`, else in English."""
    quote, customer_name = await service.printable(session, quote_id)
    language = language_of(request.headers.get("accept-language"))
    return Response(
        write_pdf(quote, customer_name, language),
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{quote.number}.pdf"'},
    )


def _answer(quote: Quote, response: Response) -> QuoteRead:
    set_etag(response, quote)
    return QuoteRead.of(quote)
