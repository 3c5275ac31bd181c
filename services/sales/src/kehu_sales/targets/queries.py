"""Reading targets, and what was won of them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, select

from kehu_kernel.session import Session
from kehu_sales.directory.below import departments_below
from kehu_sales.targets.models import Target
from kehu_sales.targets.schemas import TargetFilters

SORT_COLUMNS = {"starts_on": Target.starts_on}

BELOW = departments_below("aims.department_id")

WON = f"""
    WITH asked AS (
        SELECT * FROM unnest($2::uuid[]) AS asked (id)
    ), aims AS (
        SELECT t.* FROM targets t JOIN asked ON asked.id = t.id WHERE t.tenant_id = $1
    )
    SELECT aims.id, won.amount, won.largest, won.orders, parts.amount AS below,
        inside.quarters, inside.months
    FROM aims
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(o.won_amount), 0) AS amount, coalesce(max(o.won_amount), 0) AS largest,
            count(*) AS orders
        FROM opportunities o
        WHERE o.tenant_id = $1 AND o.status = 'won' AND o.currency = aims.currency
            AND o.closed_on BETWEEN aims.starts_on AND aims.ends_on
            AND (o.owner_id = aims.employee_id
                OR o.department_id = ANY (ARRAY({BELOW}))
                OR o.department_id IS NULL AND o.owner_id = ANY (ARRAY(
                    SELECT e.id FROM employee_refs e
                    WHERE e.tenant_id = $1 AND e.department_id IN ({BELOW}))))
    ) AS won
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(part.amount), 0) AS amount FROM targets part
        LEFT JOIN employee_refs e ON e.tenant_id = $1 AND e.id = part.employee_id
        LEFT JOIN department_refs d ON d.tenant_id = $1 AND d.id = part.department_id
        WHERE part.tenant_id = $1 AND part.active AND part.period = aims.period
            AND part.currency = aims.currency
            AND (e.department_id = aims.department_id OR d.parent_id = aims.department_id)
    ) AS parts ON aims.department_id IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT sum(part.amount) FILTER (WHERE part.period LIKE '%-Q_') AS quarters,
            sum(part.amount) FILTER (WHERE part.period NOT LIKE '%-Q_') AS months
        FROM targets part
        WHERE part.tenant_id = $1 AND part.active AND part.currency = aims.currency
            AND (part.employee_id = aims.employee_id OR part.department_id = aims.department_id)
            AND part.starts_on >= aims.starts_on AND part.ends_on <= aims.ends_on
            AND part.period <> aims.period
    ) AS inside
"""  # noqa: S608 - our own words
"""One statement for a page of targets. An opportunity counts for its own department, or, where it
names none, for that of its owner."""


class Won(NamedTuple):
    """What was won of a target: sum, largest order, number of orders; targets below and inside."""

    amount: Decimal
    largest: Decimal
    orders: int
    below: Decimal | None
    quarters: Decimal | None
    months: Decimal | None


COLUMNS = ("amount", "largest", "orders", "below", "quarters", "months")


def matching(tenant_id: str, filters: TargetFilters) -> Select[Target]:
    """Return the query for the targets that match all filters."""
    query = select(Target).where(Target.tenant_id == tenant_id)
    for name in ("period", "employee_id", "department_id", "active"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Target, name) == value)
    return query


async def won_of(session: Session, targets: Sequence[Target]) -> dict[UUID, Won]:
    """Return what was won of each of these targets, as far as the caller may see it."""
    if not targets:
        return {}
    rows = await session.fetch(WON, session.context.tenant_id, [one.id for one in targets])
    return {row["id"]: Won(*[row[name] for name in COLUMNS]) for row in rows}
