"""From the facts about customers and their contacts to their terms, a batch at a time (C15)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kehu_contracts.base import Event
from kehu_contracts.erasure import ErasureCompleted
from kehu_customer.search.index import Key, renew
from kehu_kernel.records import Fact
from kehu_kernel.session import Session

ABOUT = ("customer.customer-", "customer.contact-")
"""What events are called after which somebody may be found by other words."""
OTHER = frozenset(
    {
        "customer.customer-value-recorded.v1",
        "customer.customer-classified.v1",
        "customer.customer-class-removed.v1",
    }
)
"""Those among them that change no word."""
NAMES = ("customer_id", "previous_customer_id")
"""Fields of events that name customers."""

OF_CONTACTS = """
    SELECT contacts.tenant_id, contacts.customer_id
    FROM contacts WHERE (tenant_id, id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
"""


async def fold_terms(session: Session, facts: Sequence[Fact]) -> None:
    """Make the terms of the customers anew that a batch of events is about.

    The events only say who changed: what is found by is read from the rows. So events may come
    twice, late and in any order.
    """
    keys: set[Key] = set()
    contacts: list[tuple[str, UUID]] = []
    for event, envelope in facts:
        if isinstance(event, ErasureCompleted):  # of a contact the customer's terms tell, too
            contacts += [(envelope.tenant_id, one) for one in event.subject_ids]
        if not envelope.type.startswith(ABOUT) or envelope.type in OTHER:
            continue
        keys |= {Key(envelope.tenant_id, one) for one in _named(event, NAMES)}
        contacts += [(envelope.tenant_id, one) for one in _named(event, ("contact_id",))]
    if contacts:
        tenants, ids = zip(*contacts, strict=True)
        keys |= {Key(*row) for row in await session.fetch(OF_CONTACTS, tenants, ids)}
    if keys:
        await renew(session, keys)


def _named(event: Event, fields: Sequence[str]) -> list[UUID]:
    found: list[Any] = [getattr(event, field, None) for field in fields]
    return [one for one in found if one is not None]
