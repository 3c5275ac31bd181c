"""What became of opportunities. A decision is final: the present row is its history as well."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, null, select

from kehu_analytics.facts.models import OpportunityFact
from kehu_analytics.facts.queries import in_department
from kehu_analytics.win_rate.schemas import By, WinRateFilters, WinRateOpportunityFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"closed_on": OpportunityFact.closed_on}
KEYS = {"owner": OpportunityFact.owner_id, "department": OpportunityFact.department_id}


@dataclass
class Tally:
    """Decisions counted; days are sums over them."""

    won: int = 0
    lost: int = 0
    won_days: int = 0
    lost_days: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Take in what another tally counted."""
        self.won, self.lost = self.won + other.won, self.lost + other.lost
        self.won_days += other.won_days
        self.lost_days += other.lost_days
        for currency, amount in other.amounts.items():
            self.amounts[currency] = self.amounts.get(currency, Decimal(0)) + amount


def decided(tenant_id: str, end: date, filters: WinRateFilters, *columns: Any) -> Select[Any]:
    """Return the query for the opportunities won or lost in the period."""
    fact = OpportunityFact
    query = select(*(columns or (fact,))).where(
        fact.tenant_id == tenant_id, fact.status.in_(["won", "lost"]), fact.closed_on <= end
    )
    if filters.start is not None:
        query = query.where(fact.closed_on >= filters.start)
    if filters.method_id is not None:
        query = query.where(fact.method_id == filters.method_id)
    if filters.owner_id is not None:
        query = query.where(fact.owner_id == filters.owner_id)
    if filters.department_id is not None:
        query = query.where(in_department(fact.department_id, tenant_id, filters.department_id))
    return query


async def tallies(session: Session, end: date, filters: WinRateFilters) -> dict[UUID | None, Tally]:
    """Return the decisions of the period by owner, by department, or all under None."""
    fact = OpportunityFact
    key = _key(filters.by)
    rows = await session.execute(
        decided(
            session.context.tenant_id,
            end,
            filters,
            key.label("key"),
            fact.status,
            fact.won_currency,
            func.count(),
            func.sum(fact.closed_on - fact.opened_on),
            func.coalesce(func.sum(fact.won_amount), literal(Decimal(0))),
        ).group_by("key", fact.status, fact.won_currency)
    )
    found: dict[UUID | None, Tally] = {}
    for owner, status, currency, count, days, amount in rows:
        if status == "won":
            part = Tally(won=count, won_days=days, amounts={currency: amount})
        else:
            part = Tally(lost=count, lost_days=days)
        found.setdefault(owner, Tally()).add(part)
    return found


def behind(
    tenant_id: str, end: date, filters: WinRateOpportunityFilters
) -> Select[OpportunityFact]:
    """Return the query for the opportunities behind a line."""
    query = decided(tenant_id, end, filters)
    if filters.outcome is not None:
        query = query.where(OpportunityFact.status == filters.outcome)
    if filters.by != "none":
        query = query.where(KEYS[filters.by].is_not_distinct_from(filters.key))
    return query


def _key(by: By) -> ColumnElement[Any]:
    return null() if by == "none" else KEYS[by].expression
