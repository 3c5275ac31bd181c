"""Adding up forecasts, now and from snapshots."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from kehu_kernel.session import Session
from kehu_sales.directory.below import departments_below
from kehu_sales.forecasts.models import DEFAULTS, ForecastCall, ForecastDay, ForecastRules
from kehu_sales.forecasts.schemas import ForecastCallFilters
from kehu_sales.policies import decided

SORT_COLUMNS = {"created_at": ForecastCall.created_at}

SUMS = """
    count(*) FILTER (WHERE status = 'in_progress') AS open_count,
    coalesce(sum(won_amount) FILTER (WHERE status = 'won'), 0) AS won,
    coalesce(sum(CASE WHEN status = 'won' THEN won_amount
        ELSE expected_revenue * success_rate / 100 END), 0) AS weighted,
    coalesce(sum(CASE WHEN status = 'won' THEN won_amount
        WHEN sure = 'commit' THEN expected_revenue END), 0) AS commit_amount,
    coalesce(sum(CASE WHEN status = 'won' THEN won_amount
        WHEN sure IN ('commit', 'likely') THEN expected_revenue END), 0) AS likely_amount,
    coalesce(sum(CASE WHEN status = 'won' THEN won_amount
        WHEN sure IN ('commit', 'likely', 'best') THEN expected_revenue END), 0) AS best_amount
"""
COUNTED = """
    SELECT o.tenant_id, o.owner_id, o.department_id, o.currency, o.status, o.won_amount,
        o.expected_revenue, o.success_rate,
        coalesce(o.department_id, e.department_id) AS counts_for,
        date_trunc('month', CASE WHEN o.status = 'won' THEN o.closed_on
            ELSE o.expected_close_on END)::date AS month,
        coalesce(c.category, CASE
            WHEN o.success_rate >= coalesce(r.commit_from, {commit_from}) THEN 'commit'
            WHEN o.success_rate >= coalesce(r.likely_from, {likely_from}) THEN 'likely'
            WHEN o.success_rate >= coalesce(r.best_from, {best_from}) THEN 'best'
            ELSE 'omitted' END) AS sure
    FROM opportunities o
    LEFT JOIN forecast_calls c ON c.tenant_id = o.tenant_id AND c.opportunity_id = o.id
    LEFT JOIN forecast_rules r ON r.tenant_id = o.tenant_id
    LEFT JOIN employee_refs e ON e.tenant_id = o.tenant_id AND e.id = o.owner_id
    WHERE o.tenant_id = $1
        AND (o.status = 'won' AND o.closed_on BETWEEN $2 AND $3
            OR o.status = 'in_progress' AND o.expected_close_on BETWEEN $2 AND $3)
""".format(**DEFAULTS)  # noqa: S608 - our own numbers
"""The rule of forecasts: what is won counts in the month it was won, what is in progress in the
month it is expected to close; a call counts before the success rate. One that names no department
counts for that of its owner, as with targets."""
WHOSE = f"""
    ($4::uuid IS NULL OR owner_id = $4)
    AND ($5::uuid IS NULL OR counts_for = ANY (ARRAY({departments_below("$5::uuid")})))
"""
NOW = f"""
    SELECT month, currency, {SUMS} FROM ({COUNTED}) AS counted WHERE {WHOSE}
    GROUP BY month, currency ORDER BY month, currency
"""  # noqa: S608 - our own words
LEFT_OUT = f"""
    SELECT currency, expected_close_on IS NULL AS undated, count(*) AS opportunities,
        sum(expected_revenue) AS amount
    FROM (
        SELECT o.owner_id, coalesce(o.department_id, e.department_id) AS department_id,
            o.currency, o.expected_close_on, o.expected_revenue
        FROM opportunities o
        LEFT JOIN employee_refs e ON e.tenant_id = o.tenant_id AND e.id = o.owner_id
        WHERE o.tenant_id = $1 AND o.status = 'in_progress'
            AND (o.expected_close_on IS NULL OR o.expected_close_on < $2)
    ) AS left_out
    WHERE ($3::uuid IS NULL OR owner_id = $3)
        AND ($4::uuid IS NULL OR department_id = ANY (ARRAY({departments_below("$4::uuid")})))
    GROUP BY currency, undated ORDER BY currency, undated
"""  # noqa: S608 - our own words
"""What is in progress and in no month to come: nobody said when it closes, or that day is past."""
KEPT_SUMS = """
    sum(open_count) AS open_count, sum(won) AS won, sum(weighted) AS weighted,
    sum(commit_amount) AS commit_amount, sum(likely_amount) AS likely_amount,
    sum(best_amount) AS best_amount
"""
SNAPSHOTS = """
    (SELECT s.*, coalesce(s.department_id, e.department_id) AS counts_for
    FROM forecast_snapshots s
    LEFT JOIN employee_refs e ON e.tenant_id = s.tenant_id AND e.id = s.owner_id) AS kept
"""
"""What was kept names the department that the opportunity named: so a row scope hides in it what it
hides of the opportunities."""
KEPT = f"""
    SELECT month, currency, {KEPT_SUMS} FROM {SNAPSHOTS}
    WHERE tenant_id = $1 AND month BETWEEN $2 AND $3 AND day = $6 AND {WHOSE}
    GROUP BY month, currency ORDER BY month, currency
"""  # noqa: S608 - our own words
BY_DAY = f"""
    SELECT day, {KEPT_SUMS} FROM {SNAPSHOTS}
    WHERE tenant_id = $1 AND month BETWEEN $2 AND $3 AND day <= $3 AND currency = $6 AND {WHOSE}
    GROUP BY day ORDER BY day DESC LIMIT 366
"""  # noqa: S608 - our own words
TAKE = f"""
    INSERT INTO forecast_snapshots (tenant_id, id, day, month, owner_id, department_id, currency,
        open_count, won, weighted, commit_amount, likely_amount, best_amount)
    SELECT tenant_id, gen_random_uuid(), $4, month, owner_id, department_id, currency, {SUMS}
    FROM ({COUNTED}) AS counted
    GROUP BY tenant_id, month, owner_id, department_id, currency
"""  # noqa: S608 - our own words
NEXT_TENANT = """
    INSERT INTO forecast_days (tenant_id, day)
    SELECT tenant_id, $1 FROM methods m
    WHERE NOT EXISTS (
        SELECT FROM forecast_days d WHERE d.tenant_id = m.tenant_id AND d.day = $1)
    LIMIT 1
    ON CONFLICT DO NOTHING
    RETURNING tenant_id
"""
"""Opportunities need a method: whoever has one may have opportunities."""


async def rules_of(session: Session) -> ForecastRules:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    return await decided(session, ForecastRules) or ForecastRules(version=0, **DEFAULTS)


async def call_on(session: Session, opportunity_id: UUID) -> ForecastCall | None:
    """Return the word on an opportunity, if anybody gave one; locked."""
    query = select(ForecastCall).where(
        ForecastCall.tenant_id == session.context.tenant_id,
        ForecastCall.opportunity_id == opportunity_id,
    )
    return await session.scalar(query.with_for_update(key_share=True))


def matching(tenant_id: str, filters: ForecastCallFilters) -> Select[ForecastCall]:
    """Return the query for the calls that match all filters."""
    query = select(ForecastCall).where(ForecastCall.tenant_id == tenant_id)
    for name in ("opportunity_id", "category"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(ForecastCall, name) == value)
    return query


async def forecast(
    session: Session,
    start: date,
    end: date,
    owner_id: UUID | None,
    department_id: UUID | None,
    *,
    as_of: date | None,
) -> Any:
    """Return a row per month and currency, of what the caller may see."""
    asked = (session.context.tenant_id, start, end, owner_id, department_id)
    if as_of is None:
        return await session.fetch(NOW, *asked)
    return await session.fetch(KEPT, *asked, as_of)


async def left_out(
    session: Session, today: date, owner_id: UUID | None, department_id: UUID | None
) -> Any:
    """Return a row per currency of what is undated, and of what is past its day."""
    asked = (session.context.tenant_id, today, owner_id, department_id)
    return await session.fetch(LEFT_OUT, *asked)


async def has_snapshot(session: Session, day: date) -> bool:
    """Whether the forecast was kept when that day began."""
    query = select(ForecastDay.day).where(
        ForecastDay.tenant_id == session.context.tenant_id, ForecastDay.day == day
    )
    return await session.scalar(query) is not None


async def by_day(
    session: Session,
    start: date,
    end: date,
    owner_id: UUID | None,
    department_id: UUID | None,
    currency: str,
) -> Any:
    """Return a row per snapshot of a month, oldest first."""
    asked = (session.context.tenant_id, start, end, owner_id, department_id)
    return list(reversed(await session.fetch(BY_DAY, *asked, currency)))
