"""Keeping hand-overs, and handing over the leads a leaver follows.

Converted ones stay as they are: they say who brought them that far.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from kehu_contracts.ownership import HandOverCompleted, HandOverStarted
from kehu_kernel import audit, outbox
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_marketing.hand_overs.models import HandOverRef
from kehu_marketing.leads import events
from kehu_marketing.leads.models import Lead, LeadStatus

KEEP_NEWEST = """
    INSERT INTO hand_over_refs AS known (tenant_id, id, employee_id, successor_id, sequence, done)
    SELECT tenant_id, id, employee_id, successor_id, sequence, false
    FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[])
        AS new (tenant_id, id, employee_id, successor_id, sequence)
    ON CONFLICT (tenant_id, id) DO UPDATE SET sequence = excluded.sequence, done = false
        WHERE known.sequence < excluded.sequence
"""


async def record_hand_overs(session: Session, facts: Iterable[Fact]) -> None:
    """Keep what events say of hand-overs; the worker hands over what they concern here.

    It does so when one starts, and again when it is completed: by then nobody gives the leaver a
    customer any more. `session` is the worker's.
    """
    newest = {
        (envelope.tenant_id, event.hand_over_id): (event, envelope.sequence)
        for event, envelope in sorted(facts, key=lambda fact: fact.envelope.sequence)
        if isinstance(event, HandOverStarted | HandOverCompleted)
    }
    rows = [
        (*key, event.employee_id, event.successor_id, sequence)
        for key, (event, sequence) in sorted(newest.items(), key=lambda item: item[0])
    ]
    if rows:
        await session.fetch(KEEP_NEWEST, *zip(*rows, strict=True))


async def due(session: Session) -> list[tuple[str, UUID]]:
    """Return the hand-overs of all tenants that are not done, with their tenants."""
    found = await session.execute(
        select(HandOverRef.tenant_id, HandOverRef.id).where(HandOverRef.done.is_(False))
    )
    return [(tenant_id, hand_over_id) for tenant_id, hand_over_id in found]


async def move_batch(session: Session, hand_over_id: UUID, *, limit: int) -> int:
    """Hand over the next leads of the leaver, and be done when none is left; return how many.

    Another worker that is at the same hand-over leaves nothing to do.
    """
    query = select(HandOverRef).where(
        HandOverRef.tenant_id == session.context.tenant_id,
        HandOverRef.id == hand_over_id,
        HandOverRef.done.is_(False),
    )
    hand_over = await session.scalar(query.with_for_update(skip_locked=True))
    if hand_over is None:
        return 0
    leads = (
        select(Lead)
        .where(
            Lead.tenant_id == session.context.tenant_id,
            Lead.owner_id == hand_over.employee_id,
            Lead.status != LeadStatus.CONVERTED,
        )
        .order_by(Lead.id)
        .limit(limit)
    )
    found = await session.scalars(leads.with_for_update(key_share=True))
    for lead in found:
        lead.owner_id = hand_over.successor_id
        fields = audit.changed(session, lead, "handed-over")
        outbox.add(session, events.changed(lead, fields), sequence=lead.version)
    hand_over.done = not found
    return len(found)
