"""The timeline API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from kehu_customer.timeline import service
from kehu_customer.timeline.schemas import Days, EntryRead, InvestmentRead, TimelineFilters
from kehu_kernel.auth import requires
from kehu_kernel.business_day import PeriodReversed
from kehu_kernel.http import Session, router
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/customers", "timeline")
READ = requires("customer:timeline:read")


@routes.get(
    "/{customer_id}/timeline",
    summary="List a customer's timeline",
    dependencies=[READ],
    responses=problems(PeriodReversed),
)
async def list_entries(
    customer_id: UUID, session: Session, filters: Annotated[TimelineFilters, Query()]
) -> Page[EntryRead]:
    """Everything that happened between the customer and us, in every service, the newest first.

    An entry appears moments after the fact. With `contacts_only` and `limit=1`: where the next
    contact continues.
    """
    entries, cursor, count = await service.list_entries(session, customer_id, filters)
    return Page(items=[EntryRead.of(entry) for entry in entries], next_cursor=cursor, count=count)


@routes.get(
    "/{customer_id}/investment",
    summary="Read what was invested in a customer",
    dependencies=[READ],
    responses=problems(PeriodReversed),
)
async def read_investment(
    customer_id: UUID, session: Session, days: Annotated[Days, Query()]
) -> InvestmentRead:
    """How many contacts there were, how long they took and what they cost, per way and person."""
    return await service.investment_in(session, customer_id, days)
