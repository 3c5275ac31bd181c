"""Which facts of which customers an event changes; noted, so that their segments are settled (C7).

A note says what to look at again, not what became of it: whoever settles looks at the records as
they are then. So events may come late, twice and in any order.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from kehu_contracts import classification, consent, customer
from kehu_customer.behaviour.dealings import record_dealings
from kehu_customer.segments.rules import CONTACT_POINTS, class_of
from kehu_kernel.records import Fact
from kehu_kernel.session import Session

EVERYTHING = "*"
REACHABLE = frozenset({CONTACT_POINTS})
CONSENTS = frozenset(
    {"consents_given", "consents_withdrawn", "last_consent_on", "last_withdrawal_on"}
)
ALL_FACTS = frozenset({EVERYTHING})

# In the order of the keys: two batches that meet never wait for each other in a circle.
NOTE = """
    INSERT INTO segment_changes AS noted (tenant_id, subject_id, facts, at)
    SELECT tenant_id, subject_id, string_to_array(facts, ' '), now()
    FROM unnest($1::text[], $2::uuid[], $3::text[]) AS new (tenant_id, subject_id, facts)
    ORDER BY tenant_id, subject_id
    ON CONFLICT (tenant_id, subject_id) DO UPDATE SET
        facts = ARRAY(SELECT DISTINCT unnest(noted.facts || excluded.facts) ORDER BY 1)
"""


async def note_changes(session: Session, facts: Sequence[Fact], *, zone: str) -> None:
    """Record the dealings of a batch, and note every customer that it changes.

    `session` is the worker's, as a batch holds events of many tenants. Business days are those of
    the time zone `zone`.
    """
    changed: dict[tuple[str, UUID], set[str]] = {}
    for tenant_id, customer_id, names in await record_dealings(session, facts, zone):
        changed.setdefault((tenant_id, customer_id), set()).update(names)
    for event, envelope in facts:
        for subject_id, names in changes_of(event):
            if subject_id is not None:
                changed.setdefault((envelope.tenant_id, subject_id), set()).update(names)
    if changed:
        rows = [(*key, " ".join(sorted(changed[key]))) for key in sorted(changed)]
        await session.fetch(NOTE, *zip(*rows, strict=True))


def changes_of(event: Any) -> Iterator[tuple[UUID | None, frozenset[str]]]:
    """Yield the customers (or contacts of one) that an event of our own tells of, and which facts.

    Their names are those of `rules`; a merge moves everything that hangs on a customer.
    """
    match event:
        case customer.CustomerCreated():
            yield event.customer_id, ALL_FACTS
        case customer.CustomerState():
            merged = "merged_into_id" in event.changed
            yield event.customer_id, ALL_FACTS if merged else frozenset(event.changed)
        case customer.CustomersMerge():
            for customer_id in (event.survivor_id, *event.merged_ids):
                yield customer_id, ALL_FACTS
        case classification.ClassificationState():
            yield event.customer_id, frozenset({class_of(event.scheme_id)})
        case customer.ContactPointState():
            yield event.customer_id or event.contact_id, REACHABLE
        case consent.ConsentState():
            yield event.customer_id or event.contact_id, CONSENTS
        case customer.ContactMoved():
            yield event.customer_id, REACHABLE | CONSENTS
            yield event.previous_customer_id, REACHABLE | CONSENTS
        case customer.ContactState():
            yield event.customer_id, REACHABLE
