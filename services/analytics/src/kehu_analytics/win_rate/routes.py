"""The win rate API."""

from typing import Annotated

from fastapi import Query

from kehu_analytics.win_rate import service
from kehu_analytics.win_rate.schemas import (
    ClosedOpportunityRead,
    WinRateFilters,
    WinRateOpportunityFilters,
    WinRateRead,
)
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateInFuture, PeriodReversed
from kehu_kernel.http import Session, Today, router
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/win-rate", "win rate")
READ = requires("analytics:funnel:read")
REFUSALS = problems(DateInFuture, PeriodReversed)


@routes.get("", summary="Show win rates", dependencies=[READ], responses=REFUSALS)
async def show_win_rate(
    session: Session, filters: Annotated[WinRateFilters, Query()], today: Today
) -> WinRateRead:
    """Opportunities won and lost in a period, with amounts and how long the decisions took."""
    return await service.win_rate(session, filters, today=today)


@routes.get(
    "/opportunities",
    summary="List the opportunities behind a win rate",
    dependencies=[READ],
    responses=REFUSALS,
)
async def list_closed_opportunities(
    session: Session, filters: Annotated[WinRateOpportunityFilters, Query()], today: Today
) -> Page[ClosedOpportunityRead]:
    """What a line counts: with the same filters, the list is as long as the figure says."""
    return await service.list_opportunities(session, filters, today=today)
