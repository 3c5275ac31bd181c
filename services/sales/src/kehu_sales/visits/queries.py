"""Reading visits."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select

from kehu_kernel.session import Session
from kehu_sales.calendar.clashes import MOST_SHOWN
from kehu_sales.customers.queries import of_customer
from kehu_sales.moments import FIRST_YEAR, LAST_YEAR
from kehu_sales.visits.advice import Around
from kehu_sales.visits.models import TO_COME, RefusalDegree, Visit
from kehu_sales.visits.schemas import VisitFilters

SORT_COLUMNS = {"starts_at": Visit.starts_at, "created_at": Visit.created_at}
EXACT_FILTERS = (
    "opportunity_id", "series_id", "owner_id", "approver_id", "department_id", "business_trip",
    "refusal_degree", "number",
)  # fmt: skip
AROUND = """
    WITH theirs AS (
        SELECT id FROM customer_refs
        WHERE tenant_id = $1 AND (id = $2 OR merged_into_id = $2)
    ), customers AS (
        SELECT id FROM theirs UNION
        SELECT merged_into_id FROM customer_refs
        WHERE tenant_id = $1 AND id = $2 AND merged_into_id IS NOT NULL
    )
    SELECT
        NOT EXISTS (
            SELECT FROM visits WHERE tenant_id = $1 AND customer_id IN (SELECT id FROM customers)
              AND status IN ('done', 'reported', 'closed') AND checked_in_at < $4 AND id <> $3
        ),
        (SELECT count(*) FROM visits WHERE tenant_id = $1 AND owner_id = $5 AND city = $8
           AND status <> 'cancelled' AND starts_at >= $6 AND starts_at < $7),
        coalesce((
            SELECT refusal_degree = 'firm' FROM visits
            WHERE tenant_id = $1 AND customer_id IN (SELECT id FROM customers)
              AND reported_at IS NOT NULL AND checked_in_at < $4 AND id <> $3
            ORDER BY checked_in_at DESC, id DESC LIMIT 1
        ), false),
        EXISTS (
            SELECT FROM visits WHERE tenant_id = $1 AND owner_id = $5
              AND superior_told_at >= $6 AND superior_told_at < $7
        )
"""


def missed(now: datetime) -> ColumnElement[bool]:
    """Return the condition that nobody checked in, and its time has passed."""
    return Visit.status.in_(TO_COME) & (Visit.ends_at < now)


def matching(tenant_id: str, filters: VisitFilters, zone: str, now: datetime) -> Select[Visit]:
    """Return the query for the visits that match all filters."""
    query = select(Visit).where(Visit.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Visit, name) == value)
    if filters.type is not None:
        query = query.where(Visit.type_code == filters.type)
    if filters.customer_id is not None:
        query = query.where(of_customer(Visit.customer_id, tenant_id, filters.customer_id))
    if filters.status:
        query = query.where(Visit.status.in_(filters.status))
    if filters.missed is not None:
        query = query.where(missed(now) if filters.missed else ~missed(now))
    if filters.observer_id is not None:
        query = query.where(Visit.observer_ids.any_() == filters.observer_id)
    if filters.starts_from is not None:
        query = query.where(Visit.starts_at >= midnight(filters.starts_from, zone))
    if filters.starts_to is not None:
        query = query.where(Visit.starts_at < day_after(filters.starts_to, zone))
    return query


def midnight(day: date, zone: str) -> datetime:
    """Return the moment a day begins in a time zone; no visit lies outside of our times."""
    within = min(max(day, date(FIRST_YEAR, 1, 1)), date(LAST_YEAR, 12, 31))
    return datetime.combine(within, time.min, ZoneInfo(zone))


def day_after(day: date, zone: str) -> datetime:
    """Return the moment the next day begins."""
    return midnight(day + timedelta(days=1) if day < date.max else day, zone)


async def still_planned(session: Session, visit: Visit) -> list[Visit]:
    """Return what is planned all the same with a customer who refused firmly on this visit.

    The first twenty that the caller sees; of any other visit none.
    """
    if visit.refusal_degree != RefusalDegree.FIRM:
        return []
    query = select(Visit).where(
        Visit.tenant_id == visit.tenant_id,
        of_customer(Visit.customer_id, visit.tenant_id, visit.customer_id),
        Visit.status.in_(TO_COME),
    )
    ordered = query.order_by(Visit.starts_at, Visit.id).limit(MOST_SHOWN)
    return list(await session.scalars(ordered))


async def around(session: Session, visit: Visit, zone: str) -> Around:
    """Return what advice has to know besides the visit, in one statement.

    Also visits that the caller does not see count: who refused a colleague firmly has refused us.
    """
    began = visit.checked_in_at or visit.starts_at
    day = began.astimezone(ZoneInfo(zone)).date()
    await session.see_all_rows()
    [row] = await session.fetch(
        AROUND,
        session.context.tenant_id,
        visit.customer_id,
        visit.id,
        began,
        visit.owner_id,
        midnight(day, zone),
        day_after(day, zone),
        visit.city,
    )
    await session.see_rows_in_scope()
    return Around(*row)
