"""Finding conversions to work on."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update

from kehu_kernel.errors import NotFound
from kehu_kernel.session import Session
from kehu_marketing.conversions.models import Conversion, ConversionState

OVER = (ConversionState.COMPLETED, ConversionState.FAILED)


async def claim_due(
    session: Session, claim_id: UUID, *, limit: int, now: datetime, claim: timedelta
) -> list[tuple[str, UUID]]:
    """Claim conversions that are due, of all tenants, for the time `claim`.

    Returns their tenants and leads.

    SKIP LOCKED is right here: this is a queue of independent work. A claim that was not given back
    ends by itself, so the work of a worker that died is taken up by another.
    """
    due = (
        select(Conversion.tenant_id, Conversion.lead_id)
        .where(
            Conversion.state.not_in(OVER),
            Conversion.next_attempt_at <= now,
            or_(Conversion.claimed_until.is_(None), Conversion.claimed_until <= now),
        )
        .order_by(Conversion.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    claimed = await session.execute(
        update(Conversion)
        .where(Conversion.tenant_id == due.c.tenant_id, Conversion.lead_id == due.c.lead_id)
        .values(claim_id=claim_id, claimed_until=now + claim)
        .returning(Conversion.tenant_id, Conversion.lead_id)
    )
    return [(tenant_id, lead_id) for tenant_id, lead_id in claimed]


async def find(session: Session, lead_id: UUID, *, lock: bool = False) -> Conversion | None:
    """Return the conversion of a lead, if one was ever asked for."""
    query = select(Conversion).where(
        Conversion.tenant_id == session.context.tenant_id, Conversion.lead_id == lead_id
    )
    if lock:
        query = query.with_for_update()
    return await session.scalar(query)


async def require(session: Session, lead_id: UUID, *, lock: bool = False) -> Conversion:
    """Return the conversion of a lead. Raises `NotFound`."""
    conversion = await find(session, lead_id, lock=lock)
    if conversion is None:
        raise NotFound.of(Conversion, lead_id)
    return conversion
