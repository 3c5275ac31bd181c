"""The API of deliveries."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.contracts.errors import UnknownContract
from kehu_sales.deliveries import service
from kehu_sales.deliveries.errors import (
    DeliveryIsReversed,
    SerialNumberDelivered,
    SerialNumbersDiffer,
)
from kehu_sales.deliveries.models import ProjectDelivery
from kehu_sales.deliveries.schemas import (
    DeliveryCreate,
    DeliveryFilters,
    DeliveryRead,
    DeliveryReversal,
)
from kehu_sales.projects.errors import (
    ContractNotEffective,
    MoreThanContract,
    OverDelivery,
    ProjectNotReady,
    UnknownProjectLine,
)

delivering = router("/v1/projects", "projects")
routes = router("/v1/project-deliveries", "project deliveries")
READ = requires("sales:projects:read")
WRITE = requires("sales:projects:write")
DATES = (DateInFuture, DateBeforePrevious)


@delivering.post(
    "/{project_id}/deliver",
    summary="Deliver lines of a project",
    dependencies=[WRITE],
    responses=problems(
        ProjectNotReady,
        UnknownProjectLine,
        OverDelivery,
        UnknownContract,
        ContractNotEffective,
        MoreThanContract,
        SerialNumbersDiffer,
        SerialNumberDelivered,
        *DATES,
    ),
)
async def deliver_lines(
    project_id: UUID,
    data: DeliveryCreate,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> DeliveryRead:
    """Take down what reached the customer; the service desk makes product files of it.

    The answer is the delivery, with its ETag; `If-Match` is that of the project.
    """
    delivery = await service.deliver(
        session, project_id, data, today=today, expected_version=version
    )
    return _answer(delivery, response)


@routes.get("", summary="List deliveries", dependencies=[READ])
async def list_deliveries(
    session: Session, filters: Annotated[DeliveryFilters, Query()]
) -> Page[DeliveryRead]:
    """Deliveries that match all filters, a page at a time."""
    found, cursor, count = await service.list_deliveries(session, filters)
    return Page(items=[DeliveryRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{delivery_id}", summary="Read a delivery", dependencies=[READ])
async def read_delivery(delivery_id: UUID, session: Session, response: Response) -> DeliveryRead:
    """One delivery with its ETag."""
    return _answer(await require(session, ProjectDelivery, delivery_id), response)


@routes.post(
    "/{delivery_id}/reverse",
    summary="Reverse a delivery",
    dependencies=[WRITE],
    responses=problems(DeliveryIsReversed, *DATES),
)
async def reverse_delivery(
    delivery_id: UUID,
    data: DeliveryReversal,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> DeliveryRead:
    """Take it back as a whole, for a reason; what it delivered is open again."""
    delivery = await service.reverse_delivery(
        session, delivery_id, data, today=today, expected_version=version
    )
    return _answer(delivery, response)


def _answer(delivery: ProjectDelivery, response: Response) -> DeliveryRead:
    set_etag(response, delivery)
    return DeliveryRead.of(delivery)
