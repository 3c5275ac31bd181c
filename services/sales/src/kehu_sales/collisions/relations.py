"""Which customers are related: the company tree, merges, and pairs that may be one customer.

Opportunities of all that hang together, however long the chain, have one lock: two entries at once
cannot miss each other (S13).
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from kehu_contracts.customer import CustomerCreated, CustomerState
from kehu_contracts.duplicates import DuplicatePairState
from kehu_kernel import ids
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

ASK_AGAIN = """
    INSERT INTO collision_checks (tenant_id, id, customer_id)
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[])
"""


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

    def everybody(self) -> set[UUID]:
        """Return all the customers."""
        return {one for members in self.members.values() for one in members}


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


async def ask_again(session: Session, facts: Iterable[Fact]) -> None:
    """Have the collisions of customers looked at again whose relations changed; the worker's."""
    asked = [
        (envelope.tenant_id, ids.new_id(), customer_id)
        for event, envelope in facts
        for customer_id in _related_anew(event)
    ]
    if asked:
        await session.fetch(ASK_AGAIN, *map(list, zip(*asked, strict=True)))


async def ask_again_about(session: Session, customer_ids: Iterable[UUID | None]) -> None:
    """Have the collisions of customers looked at again, whose opportunities changed hands."""
    tenant_id = session.context.tenant_id
    asked = sorted({one for one in customer_ids if one is not None})
    if asked:
        tenants, new_ids = [tenant_id] * len(asked), [ids.new_id() for _ in asked]
        await session.fetch(ASK_AGAIN, tenants, new_ids, asked)


def _related_anew(event: object) -> list[UUID]:
    """Return the customers that an event relates in another way; one that parts both is told."""
    if isinstance(event, DuplicatePairState):
        return [event.first_id, event.second_id]
    if isinstance(event, CustomerCreated):
        return [event.customer_id] if event.parent_id else []
    if isinstance(event, CustomerState) and {"parent_id", "merged_into_id"} & {*event.changed}:
        return [event.customer_id]
    return []
