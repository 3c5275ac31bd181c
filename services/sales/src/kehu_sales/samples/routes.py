"""The API of samples."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.http import OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.customers.errors import CustomerHasEnded, UnknownCustomer
from kehu_sales.directory.errors import STAFF
from kehu_sales.lines import AmountTooLarge, MixedCurrencies
from kehu_sales.opportunities.errors import (
    EvaluationHasFailed,
    OpportunityIsClosed,
    UnknownOpportunity,
)
from kehu_sales.products.errors import ProductWithdrawn, UnknownProduct
from kehu_sales.samples import service
from kehu_sales.samples.errors import SampleNotReady
from kehu_sales.samples.models import Sample
from kehu_sales.samples.schemas import (
    SampleCancellation,
    SampleCreate,
    SampleDelivery,
    SampleFilters,
    SampleRead,
    SampleStep,
)

routes = router("/v1/samples", "samples")
READ = requires("sales:samples:read")
WRITE = requires("sales:samples:write")
DATES = (DateInFuture, DateBeforePrevious)
NO_OPPORTUNITY = (UnknownOpportunity, OpportunityIsClosed, EvaluationHasFailed)


@routes.post(
    "",
    summary="Request samples",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        *NO_OPPORTUNITY,
        UnknownCustomer,
        CustomerHasEnded,
        UnknownProduct,
        ProductWithdrawn,
        MixedCurrencies,
        AmountTooLarge,
        *STAFF,
        OutsideRowScope,
        *DATES,
    ),
)
async def request_samples(
    data: SampleCreate, session: Session, today: Today, response: Response
) -> SampleRead:
    """Ask for samples for an opportunity.

    The request is submitted for approval (kind `sample`); where no chain asks anybody it is
    approved at once.
    """
    sample = await service.request_samples(session, data, today=today)
    response.headers["Location"] = f"/v1/samples/{sample.id}"
    return _answer(sample, response)


@routes.get("", summary="List samples", dependencies=[READ])
async def list_samples(
    session: Session, filters: Annotated[SampleFilters, Query()], today: Today
) -> Page[SampleRead]:
    """Requests for samples that match all filters, a page at a time."""
    found, cursor, count = await service.list_samples(session, filters, today=today)
    return Page(items=[SampleRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{sample_id}", summary="Read a request for samples", dependencies=[READ])
async def read_sample(sample_id: UUID, session: Session, response: Response) -> SampleRead:
    """One request with its lines and its ETag."""
    return _answer(await require(session, Sample, sample_id), response)


@routes.post(
    "/{sample_id}/deliver",
    summary="Deliver samples",
    dependencies=[WRITE],
    responses=problems(SampleNotReady, *NO_OPPORTUNITY, *DATES),
)
async def deliver_samples(
    sample_id: UUID,
    data: SampleDelivery,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> SampleRead:
    """Give approved samples to the customer. From now on they count for the gate of the stage."""
    sample = await service.deliver_samples(
        session, sample_id, data, today=today, expected_version=version
    )
    return _answer(sample, response)


@routes.post(
    "/{sample_id}/return",
    summary="Take samples back",
    dependencies=[WRITE],
    responses=problems(SampleNotReady, *DATES),
)
async def return_samples(
    sample_id: UUID,
    data: SampleStep,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> SampleRead:
    """The customer has given delivered samples back."""
    sample = await service.return_samples(
        session, sample_id, data, today=today, expected_version=version
    )
    return _answer(sample, response)


@routes.post(
    "/{sample_id}/keep",
    summary="Leave samples with the customer",
    dependencies=[WRITE],
    responses=problems(SampleNotReady, *DATES),
)
async def keep_samples(
    sample_id: UUID,
    data: SampleStep,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> SampleRead:
    """The customer keeps delivered samples."""
    sample = await service.keep_samples(
        session, sample_id, data, today=today, expected_version=version
    )
    return _answer(sample, response)


@routes.post(
    "/{sample_id}/cancel",
    summary="Cancel approved samples",
    dependencies=[WRITE],
    responses=problems(SampleNotReady, *DATES),
)
async def cancel_samples(
    sample_id: UUID,
    data: SampleCancellation,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> SampleRead:
    """Deliver nothing after all. What still waits for approval is withdrawn there instead."""
    sample = await service.cancel_samples(
        session, sample_id, data, today=today, expected_version=version
    )
    return _answer(sample, response)


def _answer(sample: Sample, response: Response) -> SampleRead:
    set_etag(response, sample)
    return SampleRead.of(sample)
