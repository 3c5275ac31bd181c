"""Handing over the leads a leaver follows.

Converted ones stay as they are: they say who brought them that far.
"""

from sqlalchemy import select

from kehu_kernel import audit, outbox
from kehu_kernel.session import Session
from kehu_marketing.hand_overs.models import HandOverRef
from kehu_marketing.leads import events
from kehu_marketing.leads.models import Lead, LeadStatus


async def move_leads(session: Session, hand_over: HandOverRef, limit: int) -> int:
    """Hand over the next leads of the leaver; return how many."""
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
    return len(found)
