"""From the events of all services to the entries of timelines, a batch in one statement."""

from collections.abc import Sequence
from typing import Any

from kehu_contracts.money import Money
from kehu_customer.timeline.telling import TELLINGS, happened, named, title_of
from kehu_kernel.records import Fact
from kehu_kernel.session import Session

# An event may come twice; an entry never changes.
ENTER = """
    INSERT INTO timeline_entries (
        tenant_id, id, customer_id, kind, type, subject_id, title, employee_id, actor,
        is_contact, channel, place, minutes, cost, currency, happened_on, happened_at,
        recorded_at
    )
    SELECT * FROM unnest(
        $1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[],
        $8::uuid[], $9::text[], $10::boolean[], $11::text[], $12::text[], $13::int[],
        $14::numeric[], $15::text[], $16::date[], $17::timestamptz[],
        $18::timestamptz[]
    )
    ON CONFLICT (tenant_id, id) DO NOTHING
"""


async def fold_entries(session: Session, facts: Sequence[Fact], *, zone: str) -> None:
    """Enter what a batch says of customers; business days are those of the time zone `zone`.

    What concerns no customer is no entry: a lead before its customer is known, an opportunity that
    has none yet. `session` is the worker's, as a batch holds events of many tenants.
    """
    # In the order of the keys: two batches that meet never wait for each other in a circle.
    rows = sorted(filter(None, (_row(fact, zone) for fact in facts)), key=lambda row: row[:2])
    if rows:
        await session.fetch(ENTER, *zip(*rows, strict=True))


def _row(fact: Fact, zone: str) -> tuple[Any, ...] | None:
    event, envelope = fact
    telling = TELLINGS.get(envelope.type)
    customer_id = getattr(event, "customer_id", None)
    if telling is None or customer_id is None:
        return None
    cost: Money | None = getattr(event, "cost", None)
    return (
        envelope.tenant_id,
        envelope.id,
        customer_id,
        telling.kind,
        envelope.type,
        getattr(event, event.key),
        title_of(event, telling),
        named(event, telling.employee),
        envelope.actor,
        telling.channel is not None,
        named(event, telling.channel),
        getattr(event, "place", None),
        getattr(event, "minutes", None),
        cost and cost.amount,
        cost and cost.currency,
        *happened(named(event, telling.day), envelope.time, zone),
        envelope.time,
    )
