"""Reading competitors, and how we do against each."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, select

from kehu_kernel.session import Session
from kehu_sales.competitors.models import ComparisonSheet, Competitor, OpportunityCompetitor
from kehu_sales.competitors.schemas import CompetitorFilters, SheetFilters, TakePartFilters
from kehu_sales.db import among

Row = TypeVar("Row")

SORT_COLUMNS = {
    "created_at": Competitor.created_at,
    "name": Competitor.name,
    "number": Competitor.number,
}
PART_SORT_COLUMNS = {"created_at": OpportunityCompetitor.created_at}
SHEET_SORT_COLUMNS = {"created_at": ComparisonSheet.created_at}

RATES = """
    WITH parts AS (
        SELECT opportunity_id, competitor_id FROM opportunity_competitors
        WHERE tenant_id = $1 AND active
        UNION
        SELECT id, competitor_id FROM opportunities
        WHERE tenant_id = $1 AND competitor_id IS NOT NULL
    ), met AS (
        SELECT parts.competitor_id, o.currency, CASE
                WHEN o.status = 'won' THEN 'won'
                WHEN o.status = 'lost' AND o.competitor_id = parts.competitor_id THEN 'lost_to'
                WHEN o.status = 'lost' THEN 'lost_to_others'
                ELSE 'open' END AS outcome,
            coalesce(o.won_amount, o.expected_revenue) AS amount
        FROM parts JOIN opportunities o ON o.tenant_id = $1 AND o.id = parts.opportunity_id
        WHERE o.status IN ('not_evaluated', 'in_evaluation', 'in_progress')
            OR o.status IN ('won', 'lost')
                AND ($2::date IS NULL OR o.closed_on >= $2)
                AND ($3::date IS NULL OR o.closed_on <= $3)
    )
    SELECT c.id, c.number, c.name, met.outcome, met.currency, count(met.outcome) AS met,
        coalesce(sum(met.amount), 0) AS amount
    FROM competitors c LEFT JOIN met ON met.competitor_id = c.id
    WHERE c.tenant_id = $1
    GROUP BY c.id, c.number, c.name, met.outcome, met.currency
    ORDER BY c.name, met.currency
"""
"""One statement; the policies leave out what the caller does not see. A competitor that was named
only when the opportunity was lost took part as well; one that gave up did not lose."""


async def load_competitors(
    session: Session, competitor_ids: Collection[UUID]
) -> dict[UUID, Competitor]:
    """Return the files with these ids, as far as they exist."""
    if not competitor_ids:
        return {}
    rows = await session.scalars(
        select(Competitor).where(
            Competitor.tenant_id == session.context.tenant_id, among(Competitor.id, competitor_ids)
        )
    )
    return {row.id: row for row in rows}


@dataclass(frozen=True, slots=True)
class Rate:
    """How we do against one competitor; amounts by currency."""

    competitor_id: UUID
    number: str
    name: str
    counts: Mapping[str, int]
    amounts: Mapping[str, Mapping[str, Decimal]]

    @property
    def win_rate(self) -> Decimal | None:
        """Percent won of those won or lost to it; None if there are none."""
        won, lost = self.counts["won"], self.counts["lost_to"]
        if not won + lost:
            return None
        return (Decimal(100 * won) / (won + lost)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


async def win_rates(session: Session, start: date | None, end: date | None) -> list[Rate]:
    """Return how we did against every competitor, whom we lost most to first."""
    names: dict[UUID, tuple[str, str]] = {}
    counts: dict[UUID, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    amounts: dict[UUID, dict[str, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for row in await session.fetch(RATES, session.context.tenant_id, start, end):
        names[row["id"]] = row["number"], row["name"]
        if row["outcome"] is not None:
            counts[row["id"]][row["outcome"]] += row["met"]
            amounts[row["id"]][row["outcome"]][row["currency"]] = row["amount"]
    rates = [Rate(one, *names[one], counts[one], amounts[one]) for one in names]
    return sorted(rates, key=lambda rate: (-rate.counts["lost_to"], rate.name))


def matching(tenant_id: str, filters: CompetitorFilters) -> Select[Competitor]:
    """Return the query for the competitors that match all filters."""
    query = _equal(select(Competitor), Competitor, tenant_id, filters, "number", "state")
    if filters.q is not None:
        query = query.where(Competitor.name.icontains(filters.q, autoescape=True))
    return query


def parts(tenant_id: str, filters: TakePartFilters) -> Select[OpportunityCompetitor]:
    """Return the query for who takes part where."""
    names = ("opportunity_id", "competitor_id", "threat", "active")
    model = OpportunityCompetitor
    return _equal(select(model), model, tenant_id, filters, *names)


def sheets(tenant_id: str, filters: SheetFilters) -> Select[ComparisonSheet]:
    """Return the query for the comparison sheets that match all filters."""
    names = ("opportunity_id", "competitor_id", "product_id")
    return _equal(select(ComparisonSheet), ComparisonSheet, tenant_id, filters, *names)


def _equal(
    query: Select[Row], model: Any, tenant_id: str, filters: object, *names: str
) -> Select[Row]:
    query = query.where(model.tenant_id == tenant_id)
    for name in names:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(model, name) == value)
    return query
