"""Clashes: what else the same person has to do at the same time (2 L415)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from kehu_kernel.session import Session
from kehu_sales.calendar.errors import CalendarClash

MOST_SHOWN = 20
CLASHES = """
    SELECT 'visit' AS kind, id, purpose AS title, owner_id AS employee_id, starts_at, ends_at
    FROM visits
    WHERE tenant_id = $1 AND status IN ('planned', 'in_approval', 'approved', 'checked_in')
      AND (owner_id = ANY ($2::uuid[]) OR observer_ids && $2::uuid[])
      AND starts_at < $4 AND ends_at > $3 AND id <> $5
    UNION ALL
    SELECT 'task', id, topic, assignee_id, starts_at, ends_at
    FROM tasks
    WHERE tenant_id = $1 AND status IN ('open', 'in_progress')
      AND assignee_id = ANY ($2::uuid[])
      AND starts_at < $4 AND ends_at > $3 AND id <> $5
    ORDER BY starts_at, id LIMIT $6
"""
TAKE_TURNS = """
    SELECT pg_advisory_xact_lock(hashtext('calendar:' || $1 || ':' || person))
    FROM unnest($2::text[]) AS person ORDER BY person
"""


class Clash(NamedTuple):
    """A visit or task that overlaps."""

    kind: str
    id: UUID
    title: str
    employee_id: UUID | None
    starts_at: datetime
    ends_at: datetime


async def clashes_of(
    session: Session,
    people: Collection[UUID | None],
    starts_at: datetime | None,
    ends_at: datetime | None,
    *,
    besides: UUID,
) -> list[Clash]:
    """Return what else these people have to do between two moments, the first twenty.

    One thing may begin the moment another ends. `besides` is the id of what is being planned.
    """
    persons = sorted({one for one in people if one is not None})
    if not persons or starts_at is None or ends_at is None:
        return []
    found: Sequence[object] = await session.fetch(
        CLASHES, session.context.tenant_id, persons, starts_at, ends_at, besides, MOST_SHOWN
    )
    return [Clash(*row) for row in found]  # type: ignore[misc]


async def take_turns(session: Session, people: Collection[UUID | None]) -> None:
    """Let those who refuse clashes of a person take turns: each must see what the other plans."""
    persons = sorted({str(one) for one in people if one is not None})
    await session.fetch(TAKE_TURNS, session.context.tenant_id, persons)


def refuse(found: Sequence[Clash]) -> None:
    """Raise `CalendarClash` if there is any."""
    if found:
        raise CalendarClash(
            titles=[one.title for one in found],
            extra={"clashes": [{"kind": one.kind, "id": str(one.id)} for one in found]},
        )
