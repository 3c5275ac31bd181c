"""The API of competitors."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_contracts.money import Money
from kehu_kernel.auth import requires
from kehu_kernel.business_day import PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.competitors import service
from kehu_sales.competitors.errors import (
    ComparisonSubjectUnclear,
    CompetitorIsFixed,
    CompetitorNameTaken,
    TakesPartAlready,
    UnknownCompetitor,
)
from kehu_sales.competitors.models import ComparisonSheet, Competitor, OpportunityCompetitor
from kehu_sales.competitors.queries import Rate
from kehu_sales.competitors.schemas import (
    CompetitorCreate,
    CompetitorFilters,
    CompetitorRead,
    CompetitorUpdate,
    SheetCreate,
    SheetFilters,
    SheetRead,
    SheetUpdate,
    TakePartFilters,
    TakePartInput,
    TakePartRead,
    TakePartUpdate,
    WinRateQuery,
    WinRateRead,
    WinRates,
)
from kehu_sales.opportunities.errors import (
    EvaluationHasFailed,
    OpportunityIsClosed,
    UnknownOpportunity,
)
from kehu_sales.products.errors import UnknownProduct

routes = router("/v1/competitors", "competitors")
parts = router("/v1/opportunity-competitors", "competitors")
sheets = router("/v1/comparison-sheets", "competitors")
rates = router("/v1/competitor-win-rates", "competitors")
READ = requires("sales:competitors:read")
WRITE = requires("sales:competitors:write")
NO_OPPORTUNITY = (UnknownOpportunity, OpportunityIsClosed, EvaluationHasFailed)


@routes.post(
    "",
    summary="Enter a competitor",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(CompetitorNameTaken),
)
async def enter_competitor(
    data: CompetitorCreate, session: Session, today: Today, response: Response
) -> CompetitorRead:
    """Enter the file of a competitor, as a draft."""
    found = await service.enter_competitor(session, data, today=today)
    response.headers["Location"] = f"/v1/competitors/{found.id}"
    return _answer(found, response)


@routes.get("", summary="List competitors", dependencies=[READ])
async def list_competitors(
    session: Session, filters: Annotated[CompetitorFilters, Query()]
) -> Page[CompetitorRead]:
    """Competitors that match all filters, a page at a time."""
    found, cursor, count = await service.list_competitors(session, filters)
    return Page(items=[CompetitorRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{competitor_id}", summary="Read a competitor", dependencies=[READ])
async def read_competitor(
    competitor_id: UUID, session: Session, response: Response
) -> CompetitorRead:
    """One file with its ETag."""
    return _answer(await require(session, Competitor, competitor_id), response)


@routes.patch(
    "/{competitor_id}",
    summary="Change a competitor",
    dependencies=[WRITE],
    responses=problems(CompetitorNameTaken, CompetitorIsFixed),
)
async def change_competitor(
    competitor_id: UUID,
    data: CompetitorUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> CompetitorRead:
    """Change a draft; what was audited is un-approved first."""
    found = await service.change_competitor(session, competitor_id, data, expected_version=version)
    return _answer(found, response)


@routes.post(
    "/{competitor_id}/submit",
    summary="Submit a competitor",
    dependencies=[WRITE],
    responses=problems(CompetitorIsFixed),
)
async def submit_competitor(
    competitor_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> CompetitorRead:
    """Have a draft audited (approval kind `competitor`); where nobody is asked it is at once."""
    found = await service.submit_competitor(session, competitor_id, expected_version=version)
    return _answer(found, response)


@parts.post(
    "",
    summary="Enter who takes part",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(*NO_OPPORTUNITY, UnknownCompetitor, TakesPartAlready),
)
async def take_part(data: TakePartInput, session: Session, response: Response) -> TakePartRead:
    """Enter that a competitor takes part in an opportunity, and how dangerous it is."""
    found = await service.take_part(session, data)
    response.headers["Location"] = f"/v1/opportunity-competitors/{found.id}"
    set_etag(response, found)
    return TakePartRead.of(found)


@parts.get("", summary="List who takes part", dependencies=[READ])
async def list_parts(
    session: Session, filters: Annotated[TakePartFilters, Query()]
) -> Page[TakePartRead]:
    """Which competitors take part in which opportunities, a page at a time."""
    found, cursor, count = await service.list_parts(session, filters)
    return Page(items=[TakePartRead.of(one) for one in found], next_cursor=cursor, count=count)


@parts.get("/{part_id}", summary="Read a competitor's part", dependencies=[READ])
async def read_part(part_id: UUID, session: Session, response: Response) -> TakePartRead:
    """One entry with its ETag."""
    found = await require(session, OpportunityCompetitor, part_id)
    set_etag(response, found)
    return TakePartRead.of(found)


@parts.patch("/{part_id}", summary="Change a competitor's part", dependencies=[WRITE])
async def change_part(
    part_id: UUID,
    data: TakePartUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> TakePartRead:
    """Say how dangerous it is now, or that it gave up."""
    found = await service.change_part(session, part_id, data, expected_version=version)
    set_etag(response, found)
    return TakePartRead.of(found)


@sheets.post(
    "",
    summary="Enter a comparison sheet",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        ComparisonSubjectUnclear, UnknownCompetitor, UnknownProduct, *NO_OPPORTUNITY
    ),
)
async def enter_sheet(data: SheetCreate, session: Session, response: Response) -> SheetRead:
    """Put us and a competitor side by side, for an opportunity or a product."""
    sheet = await service.compare(session, data)
    response.headers["Location"] = f"/v1/comparison-sheets/{sheet.id}"
    set_etag(response, sheet)
    return SheetRead.of(sheet)


@sheets.get("", summary="List comparison sheets", dependencies=[READ])
async def list_sheets(
    session: Session, filters: Annotated[SheetFilters, Query()]
) -> Page[SheetRead]:
    """Comparison sheets that match all filters, a page at a time."""
    found, cursor, count = await service.list_sheets(session, filters)
    return Page(items=[SheetRead.of(one) for one in found], next_cursor=cursor, count=count)


@sheets.get("/{sheet_id}", summary="Read a comparison sheet", dependencies=[READ])
async def read_sheet(sheet_id: UUID, session: Session, response: Response) -> SheetRead:
    """One sheet, how it stands, and its ETag."""
    sheet = await require(session, ComparisonSheet, sheet_id)
    set_etag(response, sheet)
    return SheetRead.of(sheet)


@sheets.patch("/{sheet_id}", summary="Change a comparison sheet", dependencies=[WRITE])
async def change_sheet(
    sheet_id: UUID,
    data: SheetUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> SheetRead:
    """Change the title or the rows."""
    sheet = await service.change_sheet(session, sheet_id, data, expected_version=version)
    set_etag(response, sheet)
    return SheetRead.of(sheet)


@rates.get(
    "",
    summary="Tell how we do against competitors",
    dependencies=[READ],
    responses=problems(PeriodReversed),
)
async def list_win_rates(session: Session, asked: Annotated[WinRateQuery, Query()]) -> WinRates:
    """Won, lost to it, lost to others, under way: of the opportunities the caller sees."""
    found = await service.list_win_rates(session, asked)
    return WinRates(items=[_rate(one) for one in found])


def _rate(rate: Rate) -> WinRateRead:
    def amounts(outcome: str) -> list[Money]:
        return [
            Money(amount=amount, currency=currency)
            for currency, amount in rate.amounts[outcome].items()
        ]

    return WinRateRead(
        competitor_id=rate.competitor_id,
        number=rate.number,
        name=rate.name,
        won=rate.counts["won"],
        lost_to=rate.counts["lost_to"],
        lost_to_others=rate.counts["lost_to_others"],
        open=rate.counts["open"],
        win_rate=rate.win_rate,
        won_amounts=amounts("won"),
        lost_amounts=amounts("lost_to"),
    )


def _answer(found: Competitor, response: Response) -> CompetitorRead:
    set_etag(response, found)
    return CompetitorRead.of(found)
