"""Reading collisions, and finding what collides."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from kehu_contracts.access import RowScope
from kehu_kernel.pagination import one_of
from kehu_kernel.session import Session
from kehu_sales.collisions.models import DEFAULTS, UNDECIDED, Collision, CollisionPolicy, State
from kehu_sales.collisions.rules import Side
from kehu_sales.collisions.schemas import CollisionFilters
from kehu_sales.customers.queries import of_customer
from kehu_sales.db import among
from kehu_sales.directory.models import DepartmentRef, EmployeeRef
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Status

OPEN = (Status.NOT_EVALUATED, Status.IN_EVALUATION, Status.IN_PROGRESS)
SORT_COLUMNS = {"created_at": Collision.created_at}

CANDIDATES = """
    SELECT o.id, o.customer_id, o.owner_id, o.opened_on,
        coalesce(o.department_id, e.department_id) AS department_id,
        ARRAY(SELECT (l ->> 'product_id')::uuid FROM jsonb_array_elements(o.lines) l) AS products,
        ARRAY(
            SELECT p.category FROM jsonb_array_elements(o.lines) l
            JOIN products p ON p.tenant_id = $1 AND p.id = (l ->> 'product_id')::uuid
            WHERE p.category IS NOT NULL
        ) AS categories
    FROM opportunities o
    LEFT JOIN employee_refs e ON e.tenant_id = $1 AND e.id = o.owner_id
    WHERE o.tenant_id = $1 AND o.customer_id = ANY ($2::uuid[]) AND o.owner_id IS NOT NULL
        AND o.status IN ('not_evaluated', 'in_evaluation', 'in_progress')
    ORDER BY o.created_at, o.id
"""
"""What customers are being sold, by whom: found by the partial index of open opportunities."""

WHOSE_DEPARTMENT = """
    SELECT o.id, coalesce(o.department_id, e.department_id) AS department_id
    FROM opportunities o
    LEFT JOIN employee_refs e ON e.tenant_id = $1 AND e.id = o.owner_id
    WHERE o.tenant_id = $1 AND o.id = ANY ($2::uuid[])
"""

CATEGORIES = """
    SELECT id, category FROM products
    WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND category IS NOT NULL
"""

COUNTS = """
    SELECT s.department_id, d.code, d.name, c.state, count(DISTINCT c.id) AS number
    FROM collisions c
    CROSS JOIN LATERAL (
        SELECT coalesce(o.department_id, e.department_id) AS department_id
        FROM unnest(ARRAY[c.first_id, c.second_id]) AS side (id)
        JOIN opportunities o ON o.tenant_id = $1 AND o.id = side.id
        LEFT JOIN employee_refs e ON e.tenant_id = $1 AND e.id = o.owner_id
    ) s
    LEFT JOIN department_refs d ON d.tenant_id = $1 AND d.id = s.department_id
    WHERE c.tenant_id = $1 AND c.found_on BETWEEN $2 AND $3
    GROUP BY s.department_id, d.code, d.name, c.state
    ORDER BY d.code NULLS LAST, s.department_id, c.state
"""
"""Under a row scope these are the departments of the sides one sees."""

STALE = """
    SELECT c.id, a.status <> ALL ($3) OR b.status <> ALL ($3) AS closed FROM collisions c
    JOIN opportunities a ON a.tenant_id = c.tenant_id AND a.id = c.first_id
    JOIN opportunities b ON b.tenant_id = c.tenant_id AND b.id = c.second_id
    WHERE c.tenant_id = $1 AND c.state IN ('open', 'claimed', 'contested') AND (
        a.status <> ALL ($3) OR b.status <> ALL ($3)
        OR a.owner_id IS NULL OR b.owner_id IS NULL OR a.owner_id = b.owner_id
    )
    ORDER BY c.id LIMIT $2 FOR NO KEY UPDATE OF c SKIP LOCKED
"""


async def policy_of(session: Session) -> CollisionPolicy:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    query = select(CollisionPolicy).where(CollisionPolicy.tenant_id == session.context.tenant_id)
    decided: CollisionPolicy | None = await session.scalar(query)
    return decided or CollisionPolicy(version=0, **DEFAULTS)


async def open_sides(session: Session, customer_ids: Collection[UUID]) -> list[Side]:
    """Return the open opportunities of customers that somebody works on: one query."""
    rows = await session.fetch(CANDIDATES, session.context.tenant_id, sorted(customer_ids))
    return [_side(row) for row in rows]


def _side(row: asyncpg.Record) -> Side:
    return Side(
        row["id"],
        row["customer_id"],
        row["owner_id"],
        row["department_id"],
        row["opened_on"],
        frozenset(row["products"]),
        frozenset(row["categories"]),
    )


async def categories_of(session: Session, product_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the categories of products that have one, by their ids."""
    if not product_ids:
        return {}
    rows = await session.fetch(CATEGORIES, session.context.tenant_id, sorted(product_ids))
    return {row["id"]: row["category"] for row in rows}


async def collisions_of(
    session: Session, opportunity_ids: Collection[UUID]
) -> dict[frozenset[UUID], Collision]:
    """Return the collisions that opportunities have a part in, whatever has become of them."""
    found = await session.scalars(
        select(Collision).where(
            Collision.tenant_id == session.context.tenant_id,
            or_(
                among(Collision.first_id, opportunity_ids),
                among(Collision.second_id, opportunity_ids),
            ),
        )
    )
    return {frozenset(one.sides): one for one in found}


def matching(tenant_id: str, filters: CollisionFilters, today: date) -> Select[Collision]:
    """Return the query for the collisions that match all filters, on that day."""
    query = select(Collision).where(Collision.tenant_id == tenant_id)
    if filters.state:
        query = query.where(one_of(Collision.state, filters.state))
    if filters.relation is not None:
        query = query.where(Collision.relation == filters.relation)
    if filters.number is not None:
        query = query.where(Collision.number == filters.number)
    if filters.opportunity_id is not None:
        query = query.where(_has_side(Opportunity.id == filters.opportunity_id))
    for column in (Opportunity.owner_id, Opportunity.department_id):
        value = getattr(filters, column.key)
        if value is not None:
            query = query.where(_has_side(column == value))
    if filters.customer_id is not None:
        theirs = of_customer(Opportunity.customer_id, tenant_id, filters.customer_id)
        query = query.where(_has_side(theirs))
    if filters.overdue is not None:
        late = (Collision.state == State.CLAIMED) & (Collision.answer_due_on < today)
        query = query.where(late if filters.overdue else func.coalesce(late, False).is_(False))
    return query


def _has_side(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that one of the two opportunities is like that, as the caller sees."""
    return exists().where(
        Opportunity.tenant_id == Collision.tenant_id,
        or_(Opportunity.id == Collision.first_id, Opportunity.id == Collision.second_id),
        condition,
    )


async def opportunities_of(
    session: Session, opportunity_ids: Collection[UUID]
) -> dict[UUID, Opportunity]:
    """Return the opportunities that the caller sees, by id."""
    return await _by_id(session, Opportunity, Opportunity.id, opportunity_ids)


async def departments_of(
    session: Session, opportunity_ids: Collection[UUID]
) -> dict[UUID, DepartmentRef | None]:
    """Return which department works on each opportunity, also on one the caller does not see.

    Where the opportunity names none it is its owner's.
    """
    if not opportunity_ids:
        return {}
    await session.see_all_rows()
    rows = await session.fetch(WHOSE_DEPARTMENT, session.context.tenant_id, sorted(opportunity_ids))
    await session.see_rows_in_scope()
    wanted = {row["department_id"] for row in rows if row["department_id"]}
    known = await _by_id(session, DepartmentRef, DepartmentRef.id, wanted)
    return {row["id"]: known.get(row["department_id"]) for row in rows}


async def departments_of_owners(
    session: Session, owner_ids: Collection[UUID]
) -> dict[UUID | None, UUID]:
    """Return the departments that employees work in."""
    found = await _by_id(session, EmployeeRef, EmployeeRef.id, owner_ids)
    return {one.id: one.department_id for one in found.values()}


async def within_sight(session: Session, opportunity_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the opportunities that the caller's row scope shows (C4)."""
    if session.context.row_scope == RowScope.ALL or not opportunity_ids:
        return set(opportunity_ids)
    query = select(Opportunity.id).where(
        Opportunity.tenant_id == session.context.tenant_id, among(Opportunity.id, opportunity_ids)
    )
    return set(await session.scalars(query))


async def _by_id(
    session: Session, model: Any, column: InstrumentedAttribute[UUID], wanted: Collection[UUID]
) -> dict[UUID, Any]:
    if not wanted:
        return {}
    query = select(model).where(model.tenant_id == session.context.tenant_id, among(column, wanted))
    return {row.id: row for row in await session.scalars(query)}


async def stale(session: Session, limit: int) -> list[tuple[Collision, bool]]:
    """Return collisions that are none any more, locked, and whether one of the two was closed."""
    rows = await session.fetch(STALE, session.context.tenant_id, limit, [*OPEN])
    if not rows:
        return []
    closed = {row["id"]: row["closed"] for row in rows}
    found = await _by_id(session, Collision, Collision.id, closed)
    return [(found[one], closed[one]) for one in sorted(closed) if found[one].state in UNDECIDED]


async def unanswered(session: Session, today: date, limit: int) -> list[Collision]:
    """Return claims whose answer is overdue and was not told of yet, locked."""
    return await session.scalars(
        select(Collision)
        .where(
            Collision.tenant_id == session.context.tenant_id,
            Collision.state == State.CLAIMED,
            Collision.overdue_told.is_(False),
            Collision.answer_due_on < today,
        )
        .order_by(Collision.answer_due_on, Collision.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
