"""What can be done with competitors. One function per command; each runs in one transaction."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from kehu_kernel import audit, business_day, numbering, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.approvals.models import Approval, DocumentKind, Facts
from kehu_sales.approvals.service import Document, start
from kehu_sales.competitors import events, queries
from kehu_sales.competitors.errors import UnknownCompetitor
from kehu_sales.competitors.models import (
    ComparisonSheet,
    Competitor,
    FileState,
    OpportunityCompetitor,
)
from kehu_sales.competitors.queries import Rate
from kehu_sales.competitors.schemas import (
    CompetitorCreate,
    CompetitorFilters,
    CompetitorUpdate,
    SheetCreate,
    SheetFilters,
    SheetUpdate,
    TakePartFilters,
    TakePartInput,
    TakePartUpdate,
    WinRateQuery,
)
from kehu_sales.opportunities.links import lock_open
from kehu_sales.products.errors import UnknownProduct
from kehu_sales.products.queries import load_products
from kehu_sales.references import reference

NUMBER_PREFIX = "COMP"


async def enter_competitor(session: Session, data: CompetitorCreate, *, today: date) -> Competitor:
    """Enter the file of a competitor as a draft. The database refuses a name that is taken."""
    values = data.model_dump(exclude={"products"})
    found = Competitor(**values, products=_plain(data.products), state=FileState.DRAFT)
    found.number = await numbering.next_number(session, NUMBER_PREFIX, year=today.year)
    audit.created(session, found)
    outbox.add(session, events.entered(found), sequence=found.version)
    return found


async def change_competitor(
    session: Session, competitor_id: UUID, data: CompetitorUpdate, *, expected_version: int
) -> Competitor:
    """Change a draft. Raises `CompetitorIsFixed`; the database refuses a name that is taken."""
    found = await require(
        session, Competitor, competitor_id, lock=True, expected_version=expected_version
    )
    found.require_draft()
    given = data.given()
    if data.products is not None:
        given["products"] = _plain(data.products)
    for name, value in given.items():
        setattr(found, name, value)
    return _changed(session, found, "changed")


async def submit_competitor(
    session: Session, competitor_id: UUID, *, expected_version: int | None
) -> Competitor:
    """Have a draft audited (审核); without a chain it is at once. Raises `CompetitorIsFixed`."""
    found = await require(
        session, Competitor, competitor_id, lock=True, expected_version=expected_version
    )
    found.require_draft()
    document = Document.of(DocumentKind.COMPETITOR, found)
    approval = await start(session, document, Facts())
    found.follow(approval.state)
    return _changed(session, found, f"approval-{approval.state}")


async def approval_decided(session: Session, approval: Approval) -> None:
    """Follow what was decided about the file."""
    found = await require(session, Competitor, approval.document_id, lock=True)
    found.follow(approval.state)
    _changed(session, found, f"approval-{approval.state}")


async def list_competitors(
    session: Session, filters: CompetitorFilters
) -> tuple[list[Competitor], str | None, int | None]:
    """Return one page of the competitors that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Competitor.id,
    )


async def take_part(session: Session, data: TakePartInput) -> OpportunityCompetitor:
    """Enter that a competitor takes part in an open opportunity.

    Raises `UnknownCompetitor`, or what `lock_open` raises; the database refuses a second entry.
    """
    await lock_open(session, data.opportunity_id)
    await require_known(session, data.competitor_id)
    found = OpportunityCompetitor(**data.model_dump(), active=True)
    audit.created(session, found)
    outbox.add(session, events.took_part(found), sequence=found.version)
    return found


async def change_part(
    session: Session, part_id: UUID, data: TakePartUpdate, *, expected_version: int
) -> OpportunityCompetitor:
    """Change how dangerous a competitor is, or that it gave up."""
    found = await require(
        session, OpportunityCompetitor, part_id, lock=True, expected_version=expected_version
    )
    for name, value in data.given().items():
        setattr(found, name, value)
    fields = audit.changed(session, found, "changed")
    if fields:
        outbox.add(session, events.part_changed(found, fields), sequence=found.version)
    return found


async def list_parts(
    session: Session, filters: TakePartFilters
) -> tuple[list[OpportunityCompetitor], str | None, int | None]:
    """Return one page of who takes part where, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.parts(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.PART_SORT_COLUMNS,
        tie_breaker=OpportunityCompetitor.id,
    )


async def compare(session: Session, data: SheetCreate) -> ComparisonSheet:
    """Enter a comparison sheet.

    Raises `ComparisonSubjectUnclear`, `UnknownCompetitor`, `UnknownProduct`, or what `lock_open`
    raises.
    """
    sheet = ComparisonSheet(**data.model_dump(exclude={"criteria"}), criteria=_plain(data.criteria))
    sheet.require_subject()
    if data.opportunity_id is not None:
        await lock_open(session, data.opportunity_id)
    await require_known(session, data.competitor_id)
    if data.product_id is not None and not await load_products(session, {data.product_id}):
        raise UnknownProduct(id=data.product_id)
    audit.created(session, sheet)
    outbox.add(session, events.compared(sheet), sequence=sheet.version)
    return sheet


async def change_sheet(
    session: Session, sheet_id: UUID, data: SheetUpdate, *, expected_version: int
) -> ComparisonSheet:
    """Change the title or the rows of a comparison sheet."""
    sheet = await require(
        session, ComparisonSheet, sheet_id, lock=True, expected_version=expected_version
    )
    if data.title is not None:
        sheet.title = data.title
    if data.criteria is not None:
        sheet.criteria = _plain(data.criteria)
    fields = audit.changed(session, sheet, "changed")
    if fields:
        outbox.add(session, events.comparison_changed(sheet, fields), sequence=sheet.version)
    return sheet


async def list_sheets(
    session: Session, filters: SheetFilters
) -> tuple[list[ComparisonSheet], str | None, int | None]:
    """Return one page of the sheets that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.sheets(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SHEET_SORT_COLUMNS,
        tie_breaker=ComparisonSheet.id,
    )


async def list_win_rates(session: Session, asked: WinRateQuery) -> list[Rate]:
    """Return how we did against each competitor. Raises `PeriodReversed`."""
    business_day.period(asked.closed_from, asked.closed_to)
    return await queries.win_rates(session, asked.closed_from, asked.closed_to)


async def require_known(session: Session, competitor_id: UUID) -> Competitor:
    """Return a competitor that somebody names. Raises `UnknownCompetitor`."""
    return await reference(session, Competitor, competitor_id, UnknownCompetitor)


def _changed(session: Session, found: Competitor, action: str) -> Competitor:
    fields = audit.changed(session, found, action)
    if fields:
        outbox.add(session, events.changed(found, fields), sequence=found.version)
    return found


def _plain(rows: list[Any]) -> list[dict[str, Any]]:
    """Return rows as JSON can hold them; decimals are text, so that they stay exact."""
    return [{name: _text(value) for name, value in _items(row)} for row in rows]


def _items(row: BaseModel | dict[str, Any]) -> Any:
    return (row.model_dump() if isinstance(row, BaseModel) else row).items()


def _text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _text(one) for name, one in value.items()}
    return format(value, "f") if isinstance(value, Decimal) else value
