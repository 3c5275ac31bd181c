"""What a command leaves behind beside its rows: events, audit entries, the idempotent answer.

All of it is written with one statement, in the command's transaction, just before the commit.
"""

from dataclasses import dataclass, field
from typing import Any

from kehu_kernel.context import Context

STATEMENT = """
WITH events AS (
    INSERT INTO outbox
        (tenant_id, event_id, topic, key, type, sequence, occurred_at, actor, traceparent, payload)
    SELECT $1, event_id, topic, key, type, sequence, $2, $3, $4, payload
    FROM unnest($5::uuid[], $6::text[], $7::text[], $8::text[], $9::int[], $10::bytea[])
        WITH ORDINALITY AS new (event_id, topic, key, type, sequence, payload, place)
    ORDER BY place
), entries AS (
    INSERT INTO audit_log
        (tenant_id, id, at, actor, request_id, entity, entity_id, version, action, changes)
    SELECT $1, id, $2, $3, $11, entity, entity_id, version, action, changes::jsonb
    FROM unnest($12::uuid[], $13::text[], $14::uuid[], $15::int[], $16::text[], $17::text[])
        AS new (id, entity, entity_id, version, action, changes)
)
UPDATE idempotency_keys SET status = $19, headers = $20::text::jsonb, body = $21
WHERE tenant_id = $1 AND actor = $3 AND key = $18
"""
"""A command without an idempotency key gives NULL for `$18`, which no row has."""

Event = tuple[Any, str, str, str, int, bytes]
Entry = tuple[Any, str, Any, int, str, str]
Answer = tuple[str, int, str, bytes]


@dataclass(slots=True)
class Journal:
    """Collects until the commit; nothing is sent before."""

    events: list[Event] = field(default_factory=list)
    """Id, topic, key, type, sequence, payload."""
    entries: list[Entry] = field(default_factory=list)
    """Id, entity, entity's id, version, action, changes as JSON."""
    answer: Answer | None = None
    """Idempotency key, status, headers as JSON, body."""

    def __bool__(self) -> bool:
        return bool(self.events or self.entries or self.answer)

    def mark(self) -> tuple[int, int]:
        """Return how much there is, for `forget_since`."""
        return len(self.events), len(self.entries)

    def forget_since(self, mark: tuple[int, int]) -> None:
        """Forget what came after a mark."""
        del self.events[mark[0] :], self.entries[mark[1] :]

    def statement(self, context: Context) -> tuple[Any, ...]:
        """Return the statement that writes it all, followed by its arguments."""
        events = zip(*self.events, strict=True) if self.events else ((),) * 6
        entries = zip(*self.entries, strict=True) if self.entries else ((),) * 6
        answer = self.answer or (None, None, None, None)
        return (
            STATEMENT,
            context.tenant_id,
            context.now,
            context.actor,
            context.traceparent,
            *events,
            context.request_id,
            *entries,
            *answer,
        )
