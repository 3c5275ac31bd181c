"""What can be asked about win rates."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from kehu_analytics.facts.freshness import freshness
from kehu_analytics.facts.models import CustomerFact, DepartmentFact, EmployeeFact, OpportunityFact
from kehu_analytics.facts.queries import names
from kehu_analytics.win_rate import queries
from kehu_analytics.win_rate.queries import Tally
from kehu_analytics.win_rate.schemas import (
    ClosedOpportunityRead,
    WinRateFilters,
    WinRateLine,
    WinRateOpportunityFilters,
    WinRateRead,
)
from kehu_contracts.money import CENT, Money
from kehu_contracts.topics import SALES
from kehu_kernel import business_day
from kehu_kernel.pagination import Page, paginate
from kehu_kernel.session import Session

DAY = Decimal("0.1")


async def win_rate(session: Session, filters: WinRateFilters, *, today: date) -> WinRateRead:
    """Return the win rates of a period. Raises `DateInFuture`, `PeriodReversed`."""
    end = _last_day(filters, today)
    found = await queries.tallies(session, end, filters)
    labels = await _labels(session, filters, found)
    total = Tally()
    for tally in found.values():
        total.add(tally)
    lines = sorted(
        (_line(key, labels.get(key), tally) for key, tally in found.items()),
        key=lambda line: (-line.won - line.lost, str(line.key)),
    )
    fresh = await freshness(session, SALES)
    return WinRateRead.model_validate(
        {
            **fresh.model_dump(),
            "from": filters.start,
            "to": end,
            "by": filters.by,
            "lines": lines,
            "total": _line(None, None, total),
        }
    )


async def list_opportunities(
    session: Session, filters: WinRateOpportunityFilters, *, today: date
) -> Page[ClosedOpportunityRead]:
    """Return the opportunities behind a line. Raises `DateInFuture`, `PeriodReversed`."""
    end = _last_day(filters, today)
    facts, cursor, count = await paginate(
        session,
        queries.behind(session.context.tenant_id, end, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=OpportunityFact.id,
    )
    customers = await names(session, CustomerFact, [fact.customer_id for fact in facts])
    return Page(
        items=[ClosedOpportunityRead.of(fact, customers.get(fact.customer_id)) for fact in facts],
        next_cursor=cursor,
        count=count,
    )


def _last_day(filters: WinRateFilters, today: date) -> date:
    end = business_day.happened(filters.end, today)
    business_day.period(filters.start, end)
    return end


async def _labels(
    session: Session, filters: WinRateFilters, found: dict[UUID | None, Tally]
) -> dict[UUID | None, str]:
    if filters.by == "none":
        return {}
    return await names(session, EmployeeFact if filters.by == "owner" else DepartmentFact, found)


def _line(key: UUID | None, name: str | None, tally: Tally) -> WinRateLine:
    decided = tally.won + tally.lost
    return WinRateLine(
        key=key,
        name=name,
        won=tally.won,
        lost=tally.lost,
        win_rate=_ratio(100 * tally.won, decided, CENT),
        won_amounts=[
            Money(amount=amount, currency=currency)
            for currency, amount in sorted(tally.amounts.items())
        ],
        average_cycle_days=_ratio(tally.won_days + tally.lost_days, decided, DAY),
        average_days_to_win=_ratio(tally.won_days, tally.won, DAY),
    )


def _ratio(part: int, whole: int, places: Decimal) -> Decimal | None:
    if not whole:
        return None
    return (Decimal(part) / whole).quantize(places, ROUND_HALF_EVEN)
