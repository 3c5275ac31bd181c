"""From the events of all services to the entries of timelines, a batch in one statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

from kehu_contracts.customer import CustomersMerge
from kehu_contracts.money import Money
from kehu_customer.timeline.telling import TELLINGS, Telling, happened, named, title_of
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
    rows = sorted((row for fact in facts for row in _rows(fact, zone)), key=lambda row: row[:2])
    if rows:
        await session.fetch(ENTER, *zip(*rows, strict=True))


def _rows(fact: Fact, zone: str) -> list[tuple[Any, ...]]:
    """Return an entry for each customer that a fact concerns.

    A merge concerns every record: the survivor's timeline tells of it, and each of the others does
    when it stands for itself again.
    """
    event, envelope = fact
    telling = TELLINGS.get(envelope.type)
    if telling is None:
        return []
    if isinstance(event, CustomersMerge):
        others = [(uuid5(envelope.id, str(one)), one) for one in event.merged_ids]
        concerned = [(envelope.id, event.survivor_id), *others]
    else:
        customer_id: UUID | None = getattr(event, "customer_id", None)
        concerned = [(envelope.id, customer_id)] if customer_id else []
    return [_row(fact, telling, *one, zone) for one in concerned]


def _row(
    fact: Fact, telling: Telling, entry_id: UUID, customer_id: UUID, zone: str
) -> tuple[Any, ...]:
    event, envelope = fact
    cost: Money | None = getattr(event, "cost", None)
    return (
        envelope.tenant_id,
        entry_id,
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
