"""What can be done with a conversion. Each function runs in one transaction, none calls anybody.

Whoever needs both locks the lead before the conversion.
"""

from datetime import date, timedelta
from uuid import UUID

from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.session import Session
from kehu_marketing.conversions import queries
from kehu_marketing.conversions.models import Conversion, ConversionState
from kehu_marketing.leads import events
from kehu_marketing.leads.models import Lead, LeadStatus


async def convert_lead(
    session: Session, lead_id: UUID, *, language: str, expected_version: int | None
) -> Conversion:
    """Record that a lead is to be converted; the worker does the rest.

    Asking again while it is under way or done returns the same conversion. Asking again after a
    failure starts anew with what is there already. Raises `LeadNotOpen`.
    """
    lead = await require(session, Lead, lead_id, lock=True, expected_version=expected_version)
    conversion = await queries.find(session, lead_id, lock=True)
    if conversion is not None and lead.status in (LeadStatus.CONVERTING, LeadStatus.CONVERTED):
        return conversion
    lead.begin_conversion()
    if conversion is None:
        conversion = Conversion(lead_id=lead_id)
        session.add(conversion)
    conversion.begin(session.context, language)
    fields = audit.changed(session, lead, "conversion-begun")
    outbox.add(session, events.changed(lead, fields), sequence=lead.version)
    return conversion


async def record_step(
    session: Session,
    lead_id: UUID,
    claim_id: UUID,
    found: UUID | None,
    *,
    claim: timedelta,
    today: date,
) -> Conversion | None:
    """Write down the result of the next step; the last one completes the conversion and the lead.

    Returns None, and changes nothing, if the claim ended and another worker has taken over.
    """
    lead = await require(session, Lead, lead_id, lock=True)
    conversion = await _claimed(session, lead_id, claim_id)
    if conversion is None or conversion.step is None:
        return None
    conversion.record(conversion.step, found, now=session.context.now, claim=claim)
    if conversion.state == ConversionState.COMPLETED:
        _complete(session, lead, conversion, today)
    return conversion


async def postpone_step(
    session: Session, lead_id: UUID, claim_id: UUID, error: dict[str, str], *, wait: timedelta
) -> None:
    """Come back to the next step later: somebody did not answer."""
    conversion = await _claimed(session, lead_id, claim_id)
    if conversion is not None:
        conversion.postpone(error, now=session.context.now, wait=wait)


async def fail_step(session: Session, lead_id: UUID, claim_id: UUID, error: dict[str, str]) -> None:
    """Give up at a step that was refused; the lead is open again and shows why."""
    lead = await require(session, Lead, lead_id, lock=True)
    conversion = await _claimed(session, lead_id, claim_id)
    if conversion is None:
        return
    conversion.fail(error, now=session.context.now)
    lead.abandon_conversion(
        error, customer_id=conversion.customer_id, contact_id=conversion.contact_id
    )
    fields = audit.changed(session, lead, "conversion-failed")
    outbox.add(session, events.changed(lead, fields), sequence=lead.version)


async def release(session: Session, lead_id: UUID, claim_id: UUID) -> None:
    """Give a claim back before its end: the worker stops."""
    conversion = await _claimed(session, lead_id, claim_id)
    if conversion is not None:
        conversion.release()


async def _claimed(session: Session, lead_id: UUID, claim_id: UUID) -> Conversion | None:
    """Return the conversion, locked, if it is still held under this claim."""
    conversion = await queries.require(session, lead_id, lock=True)
    return conversion if conversion.claim_id == claim_id else None


def _complete(session: Session, lead: Lead, conversion: Conversion, today: date) -> None:
    customer_id, opportunity_id = conversion.customer_id, conversion.opportunity_id
    if customer_id is None or opportunity_id is None:
        msg = f"The conversion of {lead.number} is complete without customer or opportunity."
        raise RuntimeError(msg)
    lead.complete_conversion(
        customer_id=customer_id,
        contact_id=conversion.contact_id,
        opportunity_id=opportunity_id,
        on=today,
    )
    fields = audit.changed(session, lead, "converted")
    outbox.add(session, events.converted(lead, fields), sequence=lead.version)
