"""Reading collisions, and finding what collides."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Select, column, exists, func, or_, select, table
from sqlalchemy.orm import InstrumentedAttribute

from kehu_contracts.access import RowScope
from kehu_kernel.pagination import one_of
from kehu_kernel.session import Session
from kehu_sales.collisions.models import (
    DEFAULTS,
    Collision,
    CollisionCheck,
    CollisionPolicy,
    State,
)
from kehu_sales.collisions.rules import Side
from kehu_sales.collisions.schemas import CollisionFilters
from kehu_sales.customers.queries import of_customer
from kehu_sales.db import among
from kehu_sales.directory.models import DepartmentRef, EmployeeRef
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Status
from kehu_sales.policies import decided

OPEN = (Status.NOT_EVALUATED, Status.IN_EVALUATION, Status.IN_PROGRESS)
CHANGED, CLOSED = "changed", "closed"
"""Why two collide no more: customers, products or hands have changed; one of them is closed."""
SORT_COLUMNS = {"created_at": Collision.created_at}
NOTHING: Mapping[UUID, UUID | None] = MappingProxyType({})

FACTS = """
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
    WHERE o.tenant_id = $1 AND o.owner_id IS NOT NULL
        AND o.status IN ('not_evaluated', 'in_evaluation', 'in_progress')
"""
SIDES = f"{FACTS} AND o.id = ANY ($2::uuid[]) AND o.customer_id IS NOT NULL"

CANDIDATES = f"""
    WITH others AS MATERIALIZED (
        {FACTS} AND o.customer_id = ANY ($2::uuid[]) AND o.opened_on BETWEEN $3 AND $4
    ), own AS (
        SELECT * FROM jsonb_to_recordset($5::jsonb) AS own (
            id uuid, customers uuid[], owner_id uuid, department_id uuid, opened_on date,
            products uuid[], categories text[], after_id uuid
        )
    )
    SELECT own.id AS own_id, other.*
    FROM own CROSS JOIN LATERAL (
        SELECT o.* FROM others o
        WHERE o.customer_id = ANY (own.customers) AND o.owner_id <> own.owner_id
            AND o.id <> ALL ($6::uuid[]) AND (own.after_id IS NULL OR o.id > own.after_id)
            AND (NOT $7 OR o.department_id IS DISTINCT FROM own.department_id)
            AND ($8::integer IS NULL OR abs(o.opened_on - own.opened_on) <= $8)
            AND CASE
                WHEN o.products = '{{}}' OR own.products = '{{}}' THEN $9
                ELSE o.products && own.products OR $10 AND o.categories && own.categories
            END
        ORDER BY o.id LIMIT $11
    ) other
    ORDER BY own.id, other.id
"""  # noqa: S608 - our own words
"""Who sells something like it to customers like it, in another hand, at about the same time.

The customers' open opportunities are read once, by the partial index of these; each of our own
takes the next few of them that pass. The rule itself, `rules.collides`, has the last word.
"""

UNDECIDED_OF = """
    SELECT own.id AS own_id, found.id, found.other_id
    FROM unnest($2::uuid[], $3::uuid[]) AS own (id, after_id)
    CROSS JOIN LATERAL (
        SELECT c.id, c.second_id AS other_id FROM collisions c
        WHERE c.tenant_id = $1 AND c.first_id = own.id
            AND c.state IN ('open', 'claimed', 'contested')
            AND (own.after_id IS NULL OR c.second_id > own.after_id)
        UNION ALL
        SELECT c.id, c.first_id FROM collisions c
        WHERE c.tenant_id = $1 AND c.second_id = own.id
            AND c.state IN ('open', 'claimed', 'contested')
            AND (own.after_id IS NULL OR c.first_id > own.after_id)
        ORDER BY other_id LIMIT $4
    ) found
    ORDER BY own.id, found.other_id
"""

ON_PAIRS = """
    SELECT c.id FROM unnest($2::uuid[], $3::uuid[]) AS pair (first_id, second_id)
    JOIN collisions c ON c.tenant_id = $1
        AND c.first_id = pair.first_id AND c.second_id = pair.second_id
"""

CHECKS = """
    SELECT id, asked, after_id FROM collision_checks WHERE tenant_id = $1
    ORDER BY waiting_since, id LIMIT $2
"""
DONE = """
    WITH done AS (
        SELECT k.tenant_id, k.id
        FROM unnest($2::uuid[], $3::integer[]) AS done (id, asked)
        JOIN collision_checks k ON k.tenant_id = $1 AND k.id = done.id AND k.asked = done.asked
        FOR UPDATE OF k SKIP LOCKED
    )
    DELETE FROM collision_checks k USING done WHERE k.tenant_id = $1 AND k.id = done.id
"""
"""Ends checks, unless they were asked for anew meanwhile: somebody who asks now holds the row."""
GO_ON = """
    UPDATE collision_checks k SET after_id = later.after_id, waiting_since = clock_timestamp()
    FROM (
        SELECT k.id, later.after_id
        FROM unnest($2::uuid[], $3::integer[], $4::uuid[]) AS later (id, asked, after_id)
        JOIN collision_checks k ON k.tenant_id = $1 AND k.id = later.id AND k.asked = later.asked
        FOR UPDATE OF k SKIP LOCKED
    ) later
    WHERE k.tenant_id = $1 AND k.id = later.id
"""
"""Notes how far checks are; they go behind all that wait, so that a huge group starves nobody."""

OPEN_ALREADY = """
    SELECT id, status IN ('not_evaluated', 'in_evaluation', 'in_progress')
        AND owner_id IS NOT NULL AND customer_id IS NOT NULL AS counts
    FROM opportunities WHERE tenant_id = $1 AND id > $2
    ORDER BY id LIMIT $3
"""
"""The next of all opportunities, and which of them may collide: so a lot costs the same always."""
ENOUGH = "SELECT id FROM collision_checks WHERE tenant_id = $1 LIMIT $2"

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


async def policy_of(session: Session) -> CollisionPolicy:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    return await decided(session, CollisionPolicy) or CollisionPolicy(version=0, **DEFAULTS)


async def sides_of(session: Session, opportunity_ids: Collection[UUID]) -> dict[UUID, Side]:
    """Return what counts of opportunities, as far as they are open and somebody works on them."""
    if not opportunity_ids:
        return {}
    rows = await session.fetch(SIDES, session.context.tenant_id, sorted(opportunity_ids))
    return {row["id"]: _side(row) for row in rows}


async def candidates(
    session: Session,
    own: Collection[Side],
    counted: Mapping[UUID, Collection[UUID]],
    policy: CollisionPolicy,
    *,
    most: int,
    after: Mapping[UUID, UUID | None] = NOTHING,
) -> dict[UUID, list[Side]]:
    """Return the next, at most `most`, that each of our own may collide with: one query.

    They come in the order of their ids, from that of `after` on. `counted` are the customers whose
    opportunities count, by our own one's customer.
    """
    customers = {one for side in own for one in counted[side.customer_id]}
    if not own or not customers:
        return {}
    days = [side.opened_on for side in own]
    first, last = date.min, date.max
    if policy.within_days is not None:
        first = min(days) - min(timedelta(policy.within_days), min(days) - date.min)
        last = max(days) + min(timedelta(policy.within_days), date.max - max(days))
    asked = [_asked(one, counted[one.customer_id], after.get(one.opportunity_id)) for one in own]
    rows = await session.fetch(
        CANDIDATES, session.context.tenant_id, sorted(customers), first, last,
        json.dumps(asked, default=str), [side.opportunity_id for side in own],
        policy.across_departments, policy.within_days, policy.without_lines, policy.by_category,
        most,
    )  # fmt: skip
    found: dict[UUID, list[Side]] = {}
    for row in rows:
        found.setdefault(row["own_id"], []).append(_side(row))
    return found


def _asked(side: Side, customers: Collection[UUID], after: UUID | None) -> dict[str, Any]:
    """Return what the query asks about, as JSON can hold it."""
    return {
        "id": side.opportunity_id,
        "customers": sorted(customers),
        "owner_id": side.owner_id,
        "department_id": side.department_id,
        "opened_on": side.opened_on,
        "products": sorted(side.product_ids),
        "categories": sorted(side.categories),
        "after_id": after,
    }


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


async def undecided_of(
    session: Session,
    opportunity_ids: Collection[UUID],
    *,
    most: int,
    after: Mapping[UUID, UUID | None] = NOTHING,
) -> dict[UUID, dict[UUID, Collision]]:
    """Return the next, at most `most`, undecided collisions of each opportunity.

    By the opportunity and the one on the other side, in the order of the latter's id.
    """
    if not opportunity_ids:
        return {}
    own = sorted(opportunity_ids)
    rows = await session.fetch(
        UNDECIDED_OF, session.context.tenant_id, own, [after.get(one) for one in own], most
    )
    known = await _by_id(session, Collision, Collision.id, {row["id"] for row in rows})
    found: dict[UUID, dict[UUID, Collision]] = {}
    for row in rows:
        found.setdefault(row["own_id"], {})[row["other_id"]] = known[row["id"]]
    return found


async def why_over(session: Session, gone: Iterable[Collision]) -> dict[UUID, str]:
    """Return why collisions are none any more: `closed` if one of the two is, else `changed`."""
    found = {one.id: one.sides for one in gone}
    if not found:
        return {}
    states = await standing_of(session, {side for sides in found.values() for side in sides})
    return {
        one: CHANGED if all(states[side][0] in OPEN for side in sides) else CLOSED
        for one, sides in found.items()
    }


async def standing_of(
    session: Session, opportunity_ids: Collection[UUID]
) -> dict[UUID, tuple[str, UUID | None]]:
    """Return the state and the owner of opportunities."""
    query = select(Opportunity.id, Opportunity.status, Opportunity.owner_id).where(
        Opportunity.tenant_id == session.context.tenant_id, among(Opportunity.id, opportunity_ids)
    )
    return {one: (status, owner) for one, status, owner in await session.execute(query)}


async def collisions_on(
    session: Session, pairs: Collection[frozenset[UUID]]
) -> dict[frozenset[UUID], Collision]:
    """Return the collisions of pairs of opportunities, whatever has become of them."""
    if not pairs:
        return {}
    firsts, seconds = zip(*sorted(sorted(pair) for pair in pairs), strict=True)
    rows = await session.fetch(ON_PAIRS, session.context.tenant_id, firsts, seconds)
    found = await _by_id(session, Collision, Collision.id, {row["id"] for row in rows})
    return {frozenset(one.sides): one for one in found.values()}


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
    for owned in (Opportunity.owner_id, Opportunity.department_id):
        value = getattr(filters, owned.key)
        if value is not None:
            query = query.where(_has_side(owned == value))
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


async def unanswered(session: Session, today: date, limit: int) -> list[Collision]:
    """Return claims whose answer is overdue and was not told of yet, locked."""
    query = _late(session, today).where(~Collision.overdue_told).limit(limit)
    return await session.scalars(query.with_for_update(key_share=True, skip_locked=True))


ERASED = table("erased_subjects", column("tenant_id"), column("subject_id"))


def to_settle(session: Session, today: date) -> Select[Collision]:
    """Return the query for claims of which was told that nobody answered, the oldest first.

    None of what is to be looked at again: they may collide no more. Nor of what an erased person
    had: a reason can no longer be written there.
    """
    asked = exists().where(
        CollisionCheck.tenant_id == Collision.tenant_id,
        or_(CollisionCheck.id == Collision.first_id, CollisionCheck.id == Collision.second_id),
    )
    erased = exists().where(
        ERASED.c.tenant_id == Collision.tenant_id,
        or_(ERASED.c.subject_id == Collision.first_id, ERASED.c.subject_id == Collision.second_id),
    )
    return _late(session, today).where(Collision.overdue_told, ~asked, ~erased)


def _late(session: Session, today: date) -> Select[Collision]:
    """Return the query for claims whose answer is overdue, the oldest first."""
    return (
        select(Collision)
        .where(
            Collision.tenant_id == session.context.tenant_id,
            Collision.state == State.CLAIMED,
            Collision.answer_due_on < today,
        )
        .order_by(Collision.answer_due_on, Collision.id)
    )
