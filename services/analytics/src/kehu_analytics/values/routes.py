"""The customer value API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from kehu_analytics.values import service
from kehu_analytics.values.schemas import (
    CustomerValueExplained,
    CustomerValueRead,
    PyramidFilters,
    PyramidRead,
    Recomputed,
    ValueScope,
)
from kehu_kernel.auth import requires
from kehu_kernel.errors import NotFound
from kehu_kernel.http import Session, router
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1", "values")
READ = requires("analytics:values:read")
RECOMPUTE = requires("analytics:values:recompute")


@routes.get("/values", summary="List customer values", dependencies=[READ])
async def list_customer_values(
    session: Session, scope: Annotated[ValueScope, Query()]
) -> Page[CustomerValueRead]:
    """Customers by score, a page at a time; with `grade`, the customers of a pyramid level."""
    return await service.list_values(session, scope)


@routes.post("/values/recompute", summary="Recompute all customer values", dependencies=[RECOMPUTE])
async def recompute_values(session: Session) -> Recomputed:
    """Calculate every customer anew from the facts, and publish what differs.

    Values follow the facts by themselves; this is for certainty, not needed in daily work.
    """
    done = await service.recompute(session)
    return Recomputed(customers=done.customers, published=done.published)


@routes.get(
    "/values/{customer_id}",
    summary="Explain a customer's value",
    dependencies=[READ],
    responses=problems(NotFound),
)
async def explain_customer_value(
    customer_id: UUID, session: Session, response: Response
) -> CustomerValueExplained:
    """Score and grade, and what each dimension contributed.

    Of a record that was merged into another, those of that one, under that one's `customer_id`.
    """
    value = await service.explain_value(session, customer_id)
    response.headers["ETag"] = f'"{value.version}"'
    return value


@routes.get("/pyramid", summary="Show the customer pyramid", dependencies=[READ])
async def show_pyramid(
    session: Session, filters: Annotated[PyramidFilters, Query()], request: Request
) -> PyramidRead:
    """Customers by grade, the highest first, with their share of customers and of sales."""
    return await service.pyramid(session, filters, request.app.state.settings.currency)
