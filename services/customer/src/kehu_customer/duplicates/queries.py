"""Finding customers by their match keys, and keeping the keys; reading pairs and rules.

`candidates` and `enter_and_find` are the only readers here that look over the walls between owners:
they see the whole tenant. What a caller is told of it is decided by `sight.within_sight`.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from kehu_customer.customers.models import Customer, CustomerState
from kehu_customer.duplicates.keys import STRONGEST, Key, KeyKind, Subject
from kehu_customer.duplicates.models import DuplicatePair, DuplicateRules
from kehu_customer.duplicates.schemas import PairFilters
from kehu_kernel.session import Session

MOST_PER_KEY = 50
"""Customers looked at for one key. A start or end that more names than these share (科技, 系统集成)
tells nobody apart: none of them is looked at for it."""
TOO_COMMON = frozenset({KeyKind.START, KeyKind.END})
"""Keys that are left out where more than these share them."""
ALONE = {kind: frozenset({kind}) for kind in KeyKind}
"""What two records share that share one kind of key."""
SORT_COLUMNS = {"score": DuplicatePair.score, "created_at": DuplicatePair.created_at}

# LATERAL with OFFSET 0 reads each customer by its key: a join was planned as a scan of a million.
FIND = """
    asked AS (
        SELECT DISTINCT kind, key
        FROM unnest($2::uuid[], $3::text[], $4::text[]) AS asked (who, kind, key)
    ), found AS (
        SELECT same.customer_id, asked.kind, asked.key FROM asked CROSS JOIN LATERAL (
            SELECT customer_id, count(*) OVER () AS sharing FROM (
                SELECT customer_id FROM match_keys
                WHERE tenant_id = $1 AND match_keys.kind = asked.kind
                    AND match_keys.key = asked.key
                ORDER BY customer_id LIMIT $5 + 1
            ) AS sharers
        ) AS same
        WHERE sharing <= $5 OR asked.kind NOT IN ('start', 'end')
        UNION
        SELECT coalesce(same.customer_id, contacts.customer_id), asked.kind, asked.key
        FROM asked CROSS JOIN LATERAL (
            SELECT customer_id, contact_id FROM contact_points
            WHERE asked.kind IN ('phone', 'email', 'address') AND tenant_id = $1 AND active
                AND normalised = asked.key
            ORDER BY id LIMIT $5
        ) AS same LEFT JOIN contacts ON contacts.tenant_id = $1 AND contacts.id = same.contact_id
        UNION
        SELECT coalesce(same.customer_id, contacts.customer_id), asked.kind, asked.key
        FROM asked CROSS JOIN LATERAL points_at_domain(asked.key, $5) AS same
            LEFT JOIN contacts ON contacts.tenant_id = $1 AND contacts.id = same.contact_id
        WHERE asked.kind = 'domain'
    )
    SELECT coalesce(survivor.id, record.id) AS id, record.kind,
        record.name AS matched_name, record.credit_code,
        coalesce(survivor.name, record.name) AS name, present.*, departments.name AS department,
        found.kinds, found.keys
    FROM (
        SELECT customer_id, array_agg(kind) AS kinds, array_agg(key) AS keys
        FROM found GROUP BY customer_id
    ) AS found
        CROSS JOIN LATERAL (
            SELECT * FROM customers WHERE tenant_id = $1 AND id = found.customer_id OFFSET 0
        ) AS record
        LEFT JOIN LATERAL (
            SELECT * FROM customers
            WHERE record.merged_into_id IS NOT NULL AND tenant_id = $1
                AND id = record.merged_into_id OFFSET 0
        ) AS survivor ON true
        CROSS JOIN LATERAL (
            SELECT CASE WHEN survivor.id IS NULL THEN record.state ELSE survivor.state END AS state,
                CASE WHEN survivor.id IS NULL THEN record.owner_id ELSE survivor.owner_id END
                    AS owner_id,
                CASE WHEN survivor.id IS NULL THEN record.department_id
                    ELSE survivor.department_id END AS department_id
        ) AS present
        LEFT JOIN departments ON departments.tenant_id = $1
            AND departments.id = present.department_id
"""
ENTER = """
    entered AS (
        INSERT INTO match_keys (tenant_id, kind, key, customer_id)
        SELECT $1, kind, key, who
        FROM unnest($2::uuid[], $3::text[], $4::text[]) AS new (who, kind, key)
    )
"""
KEEP = """
    WITH wanted AS (
        SELECT * FROM unnest($3::uuid[], $4::text[], $5::text[]) AS wanted (who, kind, key)
    ), dropped AS (
        DELETE FROM match_keys
        WHERE tenant_id = $1 AND customer_id = ANY($2::uuid[])
            AND (customer_id, kind, key) NOT IN (TABLE wanted)
    )
    INSERT INTO match_keys (tenant_id, kind, key, customer_id)
    SELECT $1, kind, key, who FROM wanted
    ON CONFLICT DO NOTHING
"""
ENTER_NEW = """
    INSERT INTO match_keys (tenant_id, kind, key, customer_id)
    SELECT $1, kind, key, who
    FROM unnest($2::uuid[], $3::text[], $4::text[]) AS new (who, kind, key)
"""
KeysOf = Mapping[UUID, Sequence[Key]]
"""The keys of customers, by their ids."""


@dataclass(frozen=True, slots=True)
class Record:
    """A customer that shares keys; of one that was merged, the customer it went into."""

    customer_id: UUID
    name: str
    former: bool
    """Whether the relation has ended: only a new record can begin one again."""
    owner_id: UUID | None
    department_id: UUID | None
    department: str | None
    matched: Subject
    """What was compared: of a merged record what it said itself."""


Sharer = tuple[Record, frozenset[KeyKind]]
"""A customer that shares keys, and the kinds of those."""


def locks_of(tenant_id: str, keys: Collection[Key]) -> list[int]:
    """Return the advisory locks of the strongest keys, in the order in which to take them."""
    named = [f"duplicate:{tenant_id}:{one.kind}:{one.key}" for one in keys if one.kind in STRONGEST]
    digests = [hashlib.sha256(name.encode()).digest()[:8] for name in named]
    return sorted(int.from_bytes(digest, signed=True) for digest in digests)


async def enter_and_find(session: Session, customer_id: UUID, keys: Sequence[Key]) -> list[Sharer]:
    """Enter the keys of a new customer, and return who has one of them already: one query.

    The locks of the keys are held: whoever entered the same ones a moment ago has committed.
    """
    found = await _find(session, f"WITH {ENTER}, {FIND}", {customer_id: keys})
    return found.get(customer_id, [])


async def candidates(session: Session, keys: KeysOf) -> dict[UUID, list[Sharer]]:
    """Return for each of these customers, on record or not, who else has one of its keys."""
    return await _find(session, f"WITH {FIND}", keys)


async def keep_keys(session: Session, keys: KeysOf) -> None:
    """Let these be the keys of customers, and no others."""
    await session.fetch(KEEP, session.context.tenant_id, list(keys), *_columns(keys))


async def enter_keys(session: Session, keys: KeysOf) -> None:
    """Enter the keys of new customers."""
    await session.fetch(ENTER_NEW, session.context.tenant_id, *_columns(keys))


async def _find(session: Session, sql: str, keys: KeysOf) -> dict[UUID, list[Sharer]]:
    await session.see_all_rows()
    rows = await session.fetch(sql, session.context.tenant_id, *_columns(keys), MOST_PER_KEY)
    await session.see_rows_in_scope()
    # Who asks is told by its place: the rest is done for each record that each is compared with.
    place = {who: n for n, who in enumerate(keys)}
    asked: dict[tuple[str, str], tuple[frozenset[KeyKind], list[int]]] = {}
    for n, own in enumerate(keys.values()):
        for key in own:
            asked.setdefault(key, (ALONE[key.kind], []))[1].append(n)
    found: list[list[Sharer]] = [[] for _ in keys]
    for one in rows:
        record = _record(one)
        itself = place.get(record.customer_id)
        shared: dict[int, frozenset[KeyKind]] = {}
        for pair in zip(one["kinds"], one["keys"], strict=True):
            kind, asking = asked[pair]
            for n in asking:
                shared[n] = shared[n] | kind if n in shared else kind
        for n, kinds in shared.items():
            if n != itself:
                found[n].append((record, kinds))
    return {who: sharers for who, sharers in zip(keys, found, strict=True) if sharers}


def _record(row: Any) -> Record:
    return Record(
        customer_id=row["id"],
        name=row["name"],
        former=row["state"] == CustomerState.FORMER,
        owner_id=row["owner_id"],
        department_id=row["department_id"],
        department=row["department"],
        matched=Subject(row["kind"], row["matched_name"], row["credit_code"]),
    )


def _columns(keys: KeysOf) -> tuple[list[UUID], list[str], list[str]]:
    rows = [(who, one.kind, one.key) for who, found in keys.items() for one in found]
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


async def rules_of(session: Session) -> DuplicateRules:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    query = select(DuplicateRules).where(DuplicateRules.tenant_id == session.context.tenant_id)
    return await session.scalar(query) or DuplicateRules.by_default()


def matching(tenant_id: str, filters: PairFilters) -> Select[DuplicatePair]:
    """Return the query for the pairs that match all filters."""
    query = select(DuplicatePair).where(DuplicatePair.tenant_id == tenant_id)
    if filters.state is not None:
        query = query.where(DuplicatePair.state == filters.state)
    if filters.customer_id is not None:
        query = query.where(_touches(filters.customer_id))
    if filters.score_from is not None:
        query = query.where(DuplicatePair.score >= filters.score_from)
    return query


def _touches(customer_id: UUID) -> Any:
    return or_(DuplicatePair.first_id == customer_id, DuplicatePair.second_id == customer_id)


async def known_pairs(
    session: Session, customer_ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], DuplicatePair]:
    """Return the pairs that customers are in, by their two ids."""
    query = select(DuplicatePair).where(
        DuplicatePair.tenant_id == session.context.tenant_id,
        or_(DuplicatePair.first_id.in_(customer_ids), DuplicatePair.second_id.in_(customer_ids)),
    )
    return {(one.first_id, one.second_id): one for one in await session.scalars(query)}


async def next_customers(session: Session, after: UUID | None, limit: int) -> list[Customer]:
    """Return customers in the order of their ids, locked; none that was merged."""
    query = select(Customer).where(
        Customer.tenant_id == session.context.tenant_id, Customer.merged_into_id.is_(None)
    )
    if after is not None:
        query = query.where(Customer.id > after)
    query = query.order_by(Customer.id).limit(limit)
    return await session.scalars(query.with_for_update(key_share=True))


POINTS = """
    SELECT customer_id, kind, normalised FROM contact_points
    WHERE tenant_id = $1 AND customer_id = ANY($2::uuid[])
        AND active AND normalised IS NOT NULL
    UNION ALL
    SELECT contacts.customer_id, points.kind, points.normalised
    FROM contacts JOIN contact_points AS points
        ON points.tenant_id = $1 AND points.contact_id = contacts.id
    WHERE contacts.tenant_id = $1 AND contacts.customer_id = ANY($2::uuid[])
        AND points.active AND points.normalised IS NOT NULL
"""


async def points_of(
    session: Session, customer_ids: Collection[UUID]
) -> dict[UUID, dict[str, list[str]]]:
    """Return the normal forms of the contact points of customers and their contacts, by kind."""
    found: dict[UUID, dict[str, list[str]]] = {}
    for one in await session.fetch(POINTS, session.context.tenant_id, list(customer_ids)):
        kind = "phone" if one["kind"] == "mobile" else one["kind"]
        found.setdefault(one["customer_id"], {}).setdefault(kind, []).append(one["normalised"])
    return found
