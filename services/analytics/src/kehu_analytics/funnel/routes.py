"""The funnel API."""

from typing import Annotated

from fastapi import Query

from kehu_analytics.funnel import service
from kehu_analytics.funnel.schemas import (
    FunnelFilters,
    FunnelOpportunityFilters,
    FunnelOpportunityRead,
    FunnelRead,
)
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateInFuture
from kehu_kernel.http import Session, Today, router
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/funnel", "funnel")
READ = requires("analytics:funnel:read")


@routes.get(
    "",
    summary="Show the sales funnel",
    dependencies=[READ],
    responses=problems(DateInFuture),
)
async def show_funnel(
    session: Session, filters: Annotated[FunnelFilters, Query()], today: Today
) -> FunnelRead:
    """Count, amount and weighted amount by stage at the end of a day: today or any day before."""
    return await service.funnel(session, filters, today=today)


@routes.get(
    "/opportunities",
    summary="List the opportunities behind the funnel",
    dependencies=[READ],
    responses=problems(DateInFuture),
)
async def list_funnel_opportunities(
    session: Session, filters: Annotated[FunnelOpportunityFilters, Query()], today: Today
) -> Page[FunnelOpportunityRead]:
    """What a figure counts: with the same filters, the list is as long as the figure says."""
    return await service.list_opportunities(session, filters, today=today)
