"""Reading the ledger."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from kehu_customer.consents.models import Channel, Consent
from kehu_customer.consents.schemas import ConsentFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"at": Consent.at}

# What was said of any record of a customer that was merged counts for all of them.
NEWEST = f"""
    SELECT newest.id, newest.decision, newest.expires_on, erased.subject_id IS NOT NULL AS erased
    FROM unnest($2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY
        AS asked (subject_id, purpose, channel, place)
    LEFT JOIN LATERAL (
        SELECT id, decision, expires_on FROM consents
        WHERE tenant_id = $1 AND COALESCE(contact_id, customer_id) = ANY (asked.subject_id || ARRAY(
                SELECT record.id FROM customers AS named JOIN customers AS record
                    ON record.tenant_id = $1 AND COALESCE(named.merged_into_id, named.id)
                        IN (record.id, record.merged_into_id)
                WHERE named.tenant_id = $1 AND named.id = asked.subject_id
            ))
            AND purpose = asked.purpose AND channel IN (asked.channel, '{Channel.ANY}') AND at <= $5
        ORDER BY at DESC, id DESC LIMIT 1
    ) AS newest ON true
    LEFT JOIN erased_subjects AS erased
        ON erased.tenant_id = $1 AND erased.subject_id = asked.subject_id
    ORDER BY asked.place
"""  # noqa: S608 - our own names

KNOWN = """
    SELECT id FROM customers WHERE tenant_id = $1 AND id = ANY ($2)
    UNION ALL SELECT id FROM contacts WHERE tenant_id = $1 AND id = ANY ($2)
"""


def matching(tenant_id: str, filters: ConsentFilters) -> Select[Consent]:
    """Return the query for the entries that match all filters."""
    query = select(Consent).where(Consent.tenant_id == tenant_id)
    for name in ("customer_id", "contact_id", "purpose", "channel", "decision"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Consent, name) == value)
    return query


async def in_sight(session: Session, subject_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the customers and contacts that are known, and that the caller sees."""
    found = await session.fetch(KNOWN, session.context.tenant_id, list(set(subject_ids)))
    return {row["id"] for row in found}


async def newest(
    session: Session, asked: Sequence[tuple[UUID, str, str]], at: datetime
) -> list[Any]:
    """Return the entry that holds for each (person, purpose, channel) at a time, in their order."""
    people, purposes, channels = zip(*asked, strict=True)
    return await session.fetch(NEWEST, session.context.tenant_id, people, purposes, channels, at)
