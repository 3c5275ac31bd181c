"""What can be asked about the funnel."""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from kehu_analytics.facts.freshness import freshness
from kehu_analytics.facts.models import CustomerFact, EmployeeFact, OpportunityPast
from kehu_analytics.facts.queries import names
from kehu_analytics.funnel import queries
from kehu_analytics.funnel.schemas import (
    FunnelBlock,
    FunnelFilters,
    FunnelLine,
    FunnelOpportunityFilters,
    FunnelOpportunityRead,
    FunnelRead,
    FunnelStage,
    FunnelTotal,
)
from kehu_contracts.money import CENT, Money
from kehu_contracts.topics import SALES
from kehu_kernel import business_day
from kehu_kernel.pagination import Page, paginate
from kehu_kernel.session import Session


async def funnel(session: Session, filters: FunnelFilters, *, today: date) -> FunnelRead:
    """Return the funnel as of a day, from history. Raises `DateInFuture`."""
    day = business_day.happened(filters.as_of, today)
    lines = await queries.lines(session, day, filters)
    fresh = await freshness(session, SALES)
    return FunnelRead(
        **fresh.model_dump(),
        as_of=day,
        currencies=[
            _block(currency, [line for line in lines if line.currency == currency])
            for currency in sorted({line.currency for line in lines})
        ],
    )


async def list_opportunities(
    session: Session, filters: FunnelOpportunityFilters, *, today: date
) -> Page[FunnelOpportunityRead]:
    """Return the opportunities behind a figure of the funnel. Raises `DateInFuture`."""
    day = business_day.happened(filters.as_of, today)
    rows, cursor, count = await paginate(
        session,
        queries.behind(session.context.tenant_id, day, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=OpportunityPast.opportunity_id,
    )
    labels = await queries.labels(session, [row.opportunity_id for row in rows])
    customers = await names(session, CustomerFact, [row.customer_id for row in rows])
    owners = await names(session, EmployeeFact, [row.owner_id for row in rows])
    return Page(
        items=[
            FunnelOpportunityRead.of(
                row,
                labels[row.opportunity_id],
                customers.get(row.customer_id),
                owners.get(row.owner_id),
            )
            for row in rows
        ],
        next_cursor=cursor,
        count=count,
    )


def _block(currency: str, lines: Iterable[queries.Line]) -> FunnelBlock:
    stages: list[FunnelStage] = []
    waiting = FunnelLine(count=0, amount=Money(amount=Decimal(0), currency=currency))
    count, amount, weighted = 0, Decimal(0), Decimal(0)
    for line in lines:
        money = Money(amount=line.amount, currency=currency)
        if line.method_id is None or line.stage_code is None:
            waiting = FunnelLine(count=line.number, amount=money)
            continue
        count, amount, weighted = (
            count + line.number,
            amount + line.amount,
            weighted + line.weighted,
        )
        stages.append(
            FunnelStage(
                method_id=line.method_id,
                stage_code=line.stage_code,
                stage_name=line.stage_name or line.stage_code,
                stage_position=line.stage_position or 0,
                count=line.number,
                amount=money,
                weighted_amount=_weighted(line.weighted, currency),
            )
        )
    return FunnelBlock(
        currency=currency,
        stages=stages,
        not_in_stage=waiting,
        total=FunnelTotal(
            count=count,
            amount=Money(amount=amount, currency=currency),
            weighted_amount=_weighted(weighted, currency),
        ),
    )


def _weighted(percents: Decimal, currency: str) -> Money:
    """Return a sum of amount times percent as money: the only place where it is rounded."""
    return Money(amount=(percents / 100).quantize(CENT, ROUND_HALF_EVEN), currency=currency)
