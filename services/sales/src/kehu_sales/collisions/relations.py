"""Which customers are related: the company tree, merges, and pairs that may be one customer.

Opportunities of all that hang together, however long the chain, have one lock: two entries at once
cannot miss each other (S13).
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from kehu_contracts.customer import CustomerState
from kehu_contracts.duplicates import DuplicatePairState
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_sales.collisions.rules import Kinship, Relative

RELATED = """
    WITH RECURSIVE related AS (
        SELECT asked.id AS asked, asked.id FROM unnest($2::uuid[]) AS asked (id)
        UNION
        SELECT r.asked, next.id FROM related r CROSS JOIN LATERAL (
            SELECT c.parent_id AS id FROM customer_refs c
                WHERE c.tenant_id = $1 AND c.id = r.id AND c.parent_id IS NOT NULL
            UNION ALL
            SELECT c.merged_into_id FROM customer_refs c
                WHERE c.tenant_id = $1 AND c.id = r.id AND c.merged_into_id IS NOT NULL
            UNION ALL
            SELECT c.id FROM customer_refs c WHERE c.tenant_id = $1 AND c.parent_id = r.id
            UNION ALL
            SELECT c.id FROM customer_refs c WHERE c.tenant_id = $1 AND c.merged_into_id = r.id
            UNION ALL
            SELECT d.second_id FROM duplicate_pair_refs d
                WHERE d.tenant_id = $1 AND d.first_id = r.id AND d.suspected
            UNION ALL
            SELECT d.first_id FROM duplicate_pair_refs d
                WHERE d.tenant_id = $1 AND d.second_id = r.id AND d.suspected
        ) next
    )
    SELECT r.asked, r.id, c.parent_id, c.merged_into_id, ARRAY(
        SELECT d.second_id FROM duplicate_pair_refs d
        WHERE d.tenant_id = $1 AND d.first_id = r.id AND d.suspected
    ) AS suspects
    FROM related r LEFT JOIN customer_refs c ON c.tenant_id = $1 AND c.id = r.id
"""
"""Step by step along every way customers hang together; what is known already ends a circle."""

LOCK = "SELECT pg_advisory_xact_lock(lock) FROM unnest($1::bigint[]) AS lock"

RELATED_ANEW = """
    SELECT new.tenant_id, unnest(ARRAY[new.id, new.merged_into_id, known.merged_into_id]) AS id
    FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::integer[])
        AS new (tenant_id, id, parent_id, merged_into_id, sequence)
    LEFT JOIN customer_refs known ON known.tenant_id = new.tenant_id AND known.id = new.id
    WHERE (known.id IS NULL OR known.sequence <= new.sequence)
        AND (known.parent_id, known.merged_into_id)
            IS DISTINCT FROM (new.parent_id, new.merged_into_id)
"""
"""Customers whose place in the tree, or whose survivor, an event changes; survivors come too."""

ASK_AGAIN = """
    INSERT INTO collision_checks (tenant_id, id, asked, after_id)
    SELECT $1, asked.id, 1, asked.after_id
    FROM unnest($2::uuid[], $3::uuid[]) AS asked (id, after_id)
    ON CONFLICT (tenant_id, id)
        DO UPDATE SET asked = collision_checks.asked + 1, after_id = NULL
"""

ASK_AGAIN_BELOW = """
    WITH RECURSIVE below AS (
        SELECT told.tenant_id, unnest(ARRAY[told.id, c.merged_into_id]) AS id
        FROM unnest($1::text[], $2::uuid[]) AS told (tenant_id, id)
        LEFT JOIN customer_refs c ON c.tenant_id = told.tenant_id AND c.id = told.id
        UNION
        SELECT b.tenant_id, next.id FROM below b CROSS JOIN LATERAL (
            SELECT c.id FROM customer_refs c WHERE c.tenant_id = b.tenant_id AND c.parent_id = b.id
            UNION ALL
            SELECT c.id FROM customer_refs c
                WHERE c.tenant_id = b.tenant_id AND c.merged_into_id = b.id
        ) next
    )
    INSERT INTO collision_checks (tenant_id, id, asked)
    SELECT o.tenant_id, o.id, 1 FROM below b
    JOIN opportunities o ON o.tenant_id = b.tenant_id AND o.customer_id = b.id
        AND o.status IN ('not_evaluated', 'in_evaluation', 'in_progress')
    ORDER BY o.tenant_id, o.id
    ON CONFLICT (tenant_id, id)
        DO UPDATE SET asked = collision_checks.asked + 1, after_id = NULL
"""
"""Who is related otherwise to whom: of any such two, one is below a customer that was told of.

In the order of ids, as everybody asks: two that ask at once do not wait for each other in a circle.
"""

Customer = tuple[str, UUID]
"""A customer of a tenant."""


@dataclass(frozen=True, slots=True)
class Related:
    """Customers that hang together, for each of those asked about, and how."""

    members: Mapping[UUID, frozenset[UUID]]
    kinship: Kinship

    def locks(self, tenant_id: str) -> list[int]:
        """Return the lock of each group that hangs together, in the order in which to take them.

        And of each customer asked about: a group may become another one between two that read it,
        and still of two that enter for one customer, one waits.
        """
        held = {min(members) for members in self.members.values()} | self.members.keys()
        named = [f"collision:{tenant_id}:{one}" for one in held]
        digests = [hashlib.sha256(name.encode()).digest()[:8] for name in named]
        return sorted(int.from_bytes(digest, signed=True) for digest in digests)

    def counted(self, relations: Collection[str]) -> dict[UUID, list[UUID]]:
        """Return, for each customer asked about, those that such a relation binds to it."""
        return {
            asked: [one for one in members if self.kinship.relation(asked, one) in relations]
            for asked, members in self.members.items()
        }


async def related_to(session: Session, customer_ids: Collection[UUID]) -> Related:
    """Return the customers that hang together with these: one query."""
    rows = await session.fetch(RELATED, session.context.tenant_id, sorted(customer_ids))
    members: dict[UUID, set[UUID]] = {}
    for row in rows:
        members.setdefault(row["asked"], set()).add(row["id"])
    kinship = Kinship.of(
        (Relative(row["id"], row["parent_id"], row["merged_into_id"]) for row in rows),
        ((row["id"], other) for row in rows for other in row["suspects"]),
    )
    return Related({asked: frozenset(found) for asked, found in members.items()}, kinship)


async def hold(session: Session, related: Related) -> None:
    """Wait for whoever enters an opportunity of a related customer, until the transaction ends."""
    await session.fetch(LOCK, related.locks(session.context.tenant_id))


async def related_anew(session: Session, facts: Iterable[Fact]) -> set[Customer]:
    """Return the customers that facts relate to others in another way than we know by now.

    To be called by the worker before the facts are kept. Also what is published again is compared
    with the copies, which may be older than what they say of relations.
    """
    told = [
        (by.tenant_id, one.customer_id, one.parent_id, one.merged_into_id, by.sequence)
        for one, by in facts
        if isinstance(one, CustomerState)
    ]
    pairs = {
        (by.tenant_id, customer_id)
        for one, by in facts
        if isinstance(one, DuplicatePairState)
        for customer_id in (one.first_id, one.second_id)
    }
    rows = await session.fetch(RELATED_ANEW, *map(list, zip(*told, strict=True))) if told else []
    return pairs | {(row["tenant_id"], row["id"]) for row in rows if row["id"] is not None}


async def ask_again(session: Session, customers: Collection[Customer]) -> None:
    """Have the opportunities of customers that are related anew looked at again; the worker's."""
    if customers:
        tenants, ids = zip(*sorted(customers), strict=True)
        await session.fetch(ASK_AGAIN_BELOW, list(tenants), list(ids))


async def ask_again_about(
    session: Session, opportunities: Mapping[UUID, UUID | None] | Iterable[UUID]
) -> None:
    """Have opportunities looked at again: once each, however often it is asked.

    Where only the others beyond some id are left, a mapping says so.
    """
    asked = sorted(dict.fromkeys(opportunities))
    if asked:
        given = opportunities if isinstance(opportunities, Mapping) else {}
        after = [given.get(one) for one in asked]
        await session.fetch(ASK_AGAIN, session.context.tenant_id, asked, after)
