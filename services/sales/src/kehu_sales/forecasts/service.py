"""What can be done with forecasts. One function per command; each runs in one transaction."""

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

from kehu_contracts.money import Money
from kehu_kernel import audit, business_day, clock, outbox
from kehu_kernel.db import Database
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales import policies
from kehu_sales.forecasts import events, queries
from kehu_sales.forecasts.errors import ForecastNotKept, TooManyMonths
from kehu_sales.forecasts.models import ForecastCall, ForecastRules
from kehu_sales.forecasts.schemas import (
    Accuracy,
    AccuracyAnswer,
    AccuracyQuery,
    ForecastAnswer,
    ForecastCallCreate,
    ForecastCallFilters,
    ForecastQuery,
    ForecastRead,
    ForecastRulesUpdate,
    LeftOut,
)
from kehu_sales.opportunities.links import lock_open
from kehu_sales.periods import days_of
from kehu_sales.targets.service import percent

MOST_MONTHS = 24
AHEAD = timedelta(days=731)
"""Snapshots keep the months that began up to a month ago, and those of two years ahead."""


async def call(session: Session, data: ForecastCallCreate) -> ForecastCall:
    """Say how sure an opportunity in progress is to come, or take that back.

    Raises `NotInProgress`, or what `lock_open` raises.
    """
    opportunity = await lock_open(session, data.opportunity_id)
    opportunity.require_in_progress()
    found = await queries.call_on(session, opportunity.id)
    if found is None:
        found = ForecastCall(**data.model_dump())
        audit.created(session, found)
        fields: list[str] = []
    else:
        found.category, found.reason = data.category, data.reason
        fields = audit.changed(session, found, "changed")
        if not fields:
            return found
    outbox.add(session, events.called(found, fields), sequence=found.version)
    return found


async def take_back(session: Session, opportunity_id: UUID) -> None:
    """Forget the word on an opportunity that went to the pool: whoever takes it up says anew."""
    found = await queries.call_on(session, opportunity_id)
    if found is not None and found.category is not None:
        found.category = None
        fields = audit.changed(session, found, "taken-back")
        outbox.add(session, events.called(found, fields), sequence=found.version)


async def list_calls(
    session: Session, filters: ForecastCallFilters
) -> tuple[list[ForecastCall], str | None, int | None]:
    """Return one page of the calls that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=ForecastCall.id,
    )


async def change_rules(
    session: Session, data: ForecastRulesUpdate, *, expected_version: int
) -> ForecastRules:
    """Change what the tenant has decided; the first change makes the row.

    Raises `CutOffsMustFall`.
    """
    rules = await policies.lock(session, await queries.rules_of(session), expected_version)
    rules.decide(data.given())
    return policies.keep(session, rules, given=bool(data.given()))


async def read_forecast(session: Session, asked: ForecastQuery, *, today: date) -> ForecastAnswer:
    """Return the forecast of some months.

    Raises `PeriodReversed`, `TooManyMonths`, `DateInFuture`, `ForecastNotKept`.
    """
    start, end = days_of(asked.month_from)[0], days_of(asked.month_to)[1]
    business_day.period(start, end)
    if (end.year - start.year) * 12 + end.month - start.month >= MOST_MONTHS:
        raise TooManyMonths(most=MOST_MONTHS)
    business_day.happened(asked.as_of, today)
    if asked.as_of is not None and not await queries.has_snapshot(session, asked.as_of):
        raise ForecastNotKept(day=asked.as_of)
    rows = await queries.forecast(
        session, start, end, asked.owner_id, asked.department_id, as_of=asked.as_of
    )
    months = [
        ForecastRead(
            month=f"{row['month']:%Y-%m}",
            open_count=row["open_count"],
            **_figures(row, row["currency"]),
        )
        for row in rows
    ]
    if asked.as_of is not None:
        return ForecastAnswer(as_of=asked.as_of, months=months, undated=None, past_due=None)
    left_out = await queries.left_out(session, today, asked.owner_id, asked.department_id)
    return ForecastAnswer(
        as_of=today,
        months=months,
        undated=[_left_out(row) for row in left_out if row["undated"]],
        past_due=[_left_out(row) for row in left_out if not row["undated"]],
    )


async def read_accuracy(session: Session, asked: AccuracyQuery, *, today: date) -> AccuracyAnswer:
    """Compare what was forecast of a month, day by day, with what came."""
    start, end = days_of(asked.month)
    whose = (start, end, asked.owner_id, asked.department_id)
    now = await queries.forecast(session, *whose, as_of=None)
    came = next((row["won"] for row in now if row["currency"] == asked.currency), Decimal(0))
    rows = await queries.by_day(session, *whose, asked.currency)
    snapshots = [
        Accuracy(
            day=row["day"],
            days_before_end=(end - row["day"]).days,
            weighted_error=_error(row["weighted"], came),
            commit_error=_error(row["commit_amount"], came),
            likely_error=_error(row["likely_amount"], came),
            best_error=_error(row["best_amount"], came),
            **_figures(row, asked.currency),
        )
        for row in rows
    ]
    money = Money(amount=came, currency=asked.currency)
    return AccuracyAnswer(month=asked.month, final=today > end, came=money, snapshots=snapshots)


def _left_out(row: Any) -> LeftOut:
    expected = Money(amount=row["amount"], currency=row["currency"])
    return LeftOut(opportunities=row["opportunities"], expected=expected)


def _error(forecast: Decimal, came: Decimal) -> Decimal | None:
    return percent(forecast - came, came)


def _figures(row: Any, currency: str) -> dict[str, Money]:
    columns = {
        "won": "won",
        "weighted": "weighted",
        "commit": "commit_amount",
        "likely": "likely_amount",
        "best": "best_amount",
    }
    return {
        name: Money(
            amount=Decimal(row[column]).quantize(Decimal("0.01"), ROUND_HALF_EVEN),
            currency=currency,
        )
        for name, column in columns.items()
    }


class SnapshotWork:
    """Keeps the forecast of every tenant once a day, when the day has begun in the time zone."""

    def __init__(self, worker: Database, *, zone: str) -> None:
        self._worker = worker
        self._zone = zone

    async def work(self) -> int:
        """Take the snapshot of the next tenant that has none of today; return how many, 0 or 1.

        Day and snapshot are written together: a process that dies in between leaves neither.
        """
        today = clock.today(clock.now(), self._zone)
        async with self._worker.worker_transaction() as session:
            found = await session.fetch(queries.NEXT_TENANT, today)
            if not found:
                return 0
            start = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
            await session.fetch(queries.TAKE, found[0]["tenant_id"], start, today + AHEAD, today)
        return 1
