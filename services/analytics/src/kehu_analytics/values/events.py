"""What the world hears of customer values."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kehu_contracts.analytics import CustomerValueChanged
from kehu_contracts.topics import topic_of
from kehu_kernel import ids
from kehu_kernel.plumbing import OutboxMessage


class Finding(NamedTuple):
    """A value that differs from the one published before; `version` counts them per customer."""

    tenant_id: str
    customer_id: UUID
    model_id: UUID
    score: Decimal
    grade: str
    previous_grade: str | None
    calculated_at: datetime
    version: int


async def publish(session: AsyncSession, findings: Sequence[Finding], *, actor: str) -> None:
    """Write the findings to the outbox, with the transaction that made them.

    In bulk and for many tenants at once: `outbox.add` is for one event of the session's tenant.
    An event happens when its newest fact happened, not when a worker came round to it.
    """
    if findings:
        await session.execute(insert(OutboxMessage), [_message(f, actor) for f in findings])


def _message(finding: Finding, actor: str) -> dict[str, object]:
    event = CustomerValueChanged(
        customer_id=finding.customer_id,
        model_id=finding.model_id,
        score=finding.score,
        grade=finding.grade,
        previous_grade=finding.previous_grade,
        calculated_at=finding.calculated_at,
    )
    return {
        "tenant_id": finding.tenant_id,
        "event_id": ids.new_id(),
        "topic": topic_of(event).name,
        "key": event.aggregate_id,
        "type": event.type,
        "sequence": finding.version,
        "occurred_at": finding.calculated_at,
        "actor": actor,
        "traceparent": None,
        "payload": event.to_bytes(),
    }
