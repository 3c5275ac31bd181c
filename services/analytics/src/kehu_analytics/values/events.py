"""What the world hears of customer values."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from kehu_contracts.analytics import CustomerValueChanged
from kehu_contracts.topics import topic_of
from kehu_kernel import ids
from kehu_kernel.session import Session


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


# One statement for any number: a changed scheme may publish every customer of a tenant.
PUBLISH = text(
    """
    INSERT INTO outbox
        (tenant_id, event_id, topic, key, type, sequence, occurred_at, actor, payload)
    SELECT tenant_id, event_id, :topic, key, :type, sequence, occurred_at, :actor, payload
    FROM unnest(
        CAST(:tenants AS text[]), CAST(:events AS uuid[]), CAST(:keys AS text[]),
        CAST(:sequences AS int[]), CAST(:times AS timestamptz[]), CAST(:payloads AS bytea[])
    ) WITH ORDINALITY
        AS new (tenant_id, event_id, key, sequence, occurred_at, payload, place)
    ORDER BY place
    """
)


async def publish(session: Session, findings: Sequence[Finding], *, actor: str) -> None:
    """Write the findings to the outbox, with the transaction that made them.

    For many tenants at once: `outbox.add` is for single events of the session's tenant. An event
    happens when its newest fact happened, not when a worker came round to it.
    """
    if not findings:
        return
    await session.execute(
        PUBLISH,
        {
            "topic": topic_of(CustomerValueChanged).name,
            "type": CustomerValueChanged.type,
            "actor": actor,
            "tenants": [finding.tenant_id for finding in findings],
            "events": [ids.new_id() for _ in findings],
            "keys": [str(finding.customer_id) for finding in findings],
            "sequences": [finding.version for finding in findings],
            "times": [finding.calculated_at for finding in findings],
            "payloads": [_event(finding).to_bytes() for finding in findings],
        },
    )


def _event(finding: Finding) -> CustomerValueChanged:
    return CustomerValueChanged(
        customer_id=finding.customer_id,
        model_id=finding.model_id,
        score=finding.score,
        grade=finding.grade,
        previous_grade=finding.previous_grade,
        calculated_at=finding.calculated_at,
    )
