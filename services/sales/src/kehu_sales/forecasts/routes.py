"""The forecast API."""

from typing import Annotated

from fastapi import Query, Response

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateInFuture, PeriodReversed
from kehu_kernel.http import ExpectedVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.forecasts import queries, service
from kehu_sales.forecasts.errors import (
    CutOffsMustFall,
    ForecastNotKept,
    ForecastRulesTaken,
    TooManyMonths,
)
from kehu_sales.forecasts.models import ForecastRules
from kehu_sales.forecasts.schemas import (
    AccuracyAnswer,
    AccuracyQuery,
    ForecastAnswer,
    ForecastCallCreate,
    ForecastCallFilters,
    ForecastCallRead,
    ForecastQuery,
    ForecastRulesRead,
    ForecastRulesUpdate,
)
from kehu_sales.opportunities.errors import (
    EvaluationHasFailed,
    NotInProgress,
    OpportunityInPool,
    OpportunityIsClosed,
    UnknownOpportunity,
)

routes = router("/v1/forecasts", "forecasts")
accuracy = router("/v1/forecast-accuracy", "forecasts")
calls = router("/v1/forecast-calls", "forecasts")
rules = router("/v1/forecast-rules", "forecasts")
READ = requires("sales:forecasts:read")
WRITE = requires("sales:forecasts:write")
DECIDE = requires("sales:targets:write")


@routes.get(
    "",
    summary="Forecast months",
    dependencies=[READ],
    responses=problems(PeriodReversed, TooManyMonths, DateInFuture, ForecastNotKept),
)
async def read_forecast(
    asked: Annotated[ForecastQuery, Query()], session: Session, today: Today
) -> ForecastAnswer:
    """What was won, and what is in progress: weighted, commit, likely, best; now or as of a day."""
    return await service.read_forecast(session, asked, today=today)


@accuracy.get("", summary="Compare forecasts with what came", dependencies=[READ])
async def read_accuracy(
    asked: Annotated[AccuracyQuery, Query()], session: Session, today: Today
) -> AccuracyAnswer:
    """What was forecast of a month on each day that has a snapshot, and how far off it was."""
    return await service.read_accuracy(session, asked, today=today)


@calls.post(
    "",
    summary="Say how sure an opportunity is to come",
    dependencies=[WRITE],
    responses=problems(
        UnknownOpportunity,
        OpportunityIsClosed,
        OpportunityInPool,
        EvaluationHasFailed,
        NotInProgress,
    ),
)
async def call(data: ForecastCallCreate, session: Session) -> ForecastCallRead:
    """Give a word on an opportunity in progress, change it, or take it back with null."""
    return ForecastCallRead.of(await service.call(session, data))


@calls.get("", summary="List words on opportunities", dependencies=[READ])
async def list_calls(
    session: Session, filters: Annotated[ForecastCallFilters, Query()]
) -> Page[ForecastCallRead]:
    """Words that match all filters, a page at a time."""
    found, cursor, count = await service.list_calls(session, filters)
    return Page(items=[ForecastCallRead.of(one) for one in found], next_cursor=cursor, count=count)


@rules.get("", summary="Read the forecast rules", dependencies=[READ])
async def read_rules(session: Session, response: Response) -> ForecastRulesRead:
    """What the tenant has decided, or the defaults, with the ETag."""
    return _answer(await queries.rules_of(session), response)


@rules.patch(
    "",
    summary="Change the forecast rules",
    dependencies=[DECIDE],
    responses=problems(CutOffsMustFall, ForecastRulesTaken),
)
async def change_rules(
    data: ForecastRulesUpdate, session: Session, version: ExpectedVersion, response: Response
) -> ForecastRulesRead:
    """Change the rules; fields left out stay. Snapshots stay as they are."""
    found = await service.change_rules(session, data, expected_version=version)
    return _answer(found, response)


def _answer(found: ForecastRules, response: Response) -> ForecastRulesRead:
    set_etag(response, found)
    return ForecastRulesRead.of(found)
