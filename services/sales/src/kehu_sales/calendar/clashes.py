"""Clashes: what else the same person has to do at the same time, or is on leave (2 L415).

Also what the caller may not see keeps a person busy; of that no more is told than when.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from kehu_contracts.access import RowScope
from kehu_kernel import clock
from kehu_kernel.session import Session
from kehu_sales.calendar.errors import CalendarClash
from kehu_sales.directory.rows import IN_SIGHT
from kehu_sales.tasks.recurrence import expected_days, on_day

MOST_SHOWN = 20
CLASHES = f"""
    (
        SELECT 'visit' AS kind, id, purpose AS title,
            CASE WHEN owner_id = ANY ($2::uuid[]) THEN owner_id ELSE (
                SELECT one FROM unnest(observer_ids) AS one WHERE one = ANY ($2::uuid[]) LIMIT 1
            ) END AS employee_id,
            starts_at, ends_at, NULL::jsonb AS recurrence, NULL::date AS series_day
        FROM visits
        WHERE tenant_id = $1 AND status IN ('planned', 'in_approval', 'approved', 'checked_in')
          AND (owner_id = ANY ($2::uuid[]) OR observer_ids && $2::uuid[])
          AND starts_at < $4 AND ends_at > $3 AND id <> $5
        UNION ALL
        SELECT 'task', id, topic, assignee_id, starts_at, ends_at, NULL, NULL
        FROM tasks
        WHERE tenant_id = $1 AND status IN ('open', 'in_progress')
          AND assignee_id = ANY ($2::uuid[])
          AND starts_at < $4 AND ends_at > $3 AND id <> $5
        ORDER BY starts_at, id LIMIT $6
    )
    UNION ALL
    SELECT 'task', id, topic, assignee_id, starts_at, ends_at, recurrence, series_day
    FROM tasks
    WHERE tenant_id = $1 AND status IN ('open', 'in_progress')
      AND assignee_id = ANY ($2::uuid[]) AND id <> $5
      AND recurrence IS NOT NULL AND starts_at IS NOT NULL
      AND series_day <= ($4 AT TIME ZONE $7)::date
    UNION ALL
    SELECT 'leave', NULL, NULL, employee_id, away.from_on::timestamp AT TIME ZONE $7,
        (away.to_on + 1)::timestamp AT TIME ZONE $7, NULL, NULL
    FROM assignees, jsonb_to_recordset(leaves) AS away (from_on date, to_on date)
    WHERE tenant_id = $1 AND employee_id = ANY ($2::uuid[])
      AND away.from_on::timestamp AT TIME ZONE $7 < $4
      AND (away.to_on + 1)::timestamp AT TIME ZONE $7 > $3 AND {IN_SIGHT}
"""  # noqa: S608 - our own words
"""Tasks with a recurrence stand for their repeats that are not made yet; they are few."""
TAKE_TURNS = """
    SELECT pg_advisory_xact_lock(hashtext('calendar:' || $1 || ':' || person))
    FROM unnest($2::text[]) AS person ORDER BY person
"""


class Clash(NamedTuple):
    """What overlaps: a `visit` or `task`; `leave`; or `busy`, which is out of the caller's sight.

    `employee_id` is whom of the people it keeps busy.
    """

    kind: str
    id: UUID | None
    title: str | None
    employee_id: UUID | None
    starts_at: datetime
    ends_at: datetime

    @property
    def told(self) -> str:
        """What is said of it in a message; words of ours are translated there."""
        return self.title or ("on leave" if self.kind == "leave" else self.kind)


async def clashes_of(
    session: Session,
    people: Collection[UUID | None],
    starts_at: datetime | None,
    ends_at: datetime | None,
    *,
    besides: UUID,
    zone: str,
) -> list[Clash]:
    """Return what else these people have to do between two moments, the first twenty.

    One thing may begin the moment another ends. `besides` is the id of what is being planned. What
    the caller does not see is `busy`: only the times are told.
    """
    persons = sorted({one for one in people if one is not None})
    if not persons or starts_at is None or ends_at is None:
        return []
    seen = await _overlapping(session, persons, starts_at, ends_at, besides, zone)
    if session.context.row_scope == RowScope.ALL:
        return seen
    await session.see_all_rows()
    found = await _overlapping(session, persons, starts_at, ends_at, besides, zone)
    await session.see_rows_in_scope()
    return [one if one in seen else one._replace(kind="busy", id=None, title=None) for one in found]


async def _overlapping(
    session: Session,
    persons: Sequence[UUID],
    starts_at: datetime,
    ends_at: datetime,
    besides: UUID,
    zone: str,
) -> list[Clash]:
    rows: Sequence[Any] = await session.fetch(
        CLASHES, session.context.tenant_id, persons, starts_at, ends_at, besides, MOST_SHOWN, zone
    )
    found = [one for row in rows for one in _clashes(row, starts_at, ends_at, zone)]
    return sorted(found, key=lambda one: (one.starts_at, str(one.id)))[:MOST_SHOWN]


def _clashes(row: Any, starts_at: datetime, ends_at: datetime, zone: str) -> Iterator[Clash]:
    """Return what a row stands for: itself, or the repeats that are expected meanwhile."""
    clash = Clash(*(row[name] for name in Clash._fields))
    if row["recurrence"] is None:
        yield clash
        return
    length = clash.ends_at - clash.starts_at
    first, last = clock.today(starts_at - length, zone), clock.today(ends_at, zone)
    for day in expected_days(row["recurrence"], row["series_day"], first, last):
        begins = on_day(clash.starts_at, day, zone)
        if begins is not None and begins < ends_at and begins + length > starts_at:
            yield clash._replace(starts_at=begins, ends_at=begins + length)


async def take_turns(session: Session, people: Collection[UUID | None]) -> None:
    """Let those who refuse clashes of a person take turns: each must see what the other plans."""
    persons = sorted({str(one) for one in people if one is not None})
    await session.fetch(TAKE_TURNS, session.context.tenant_id, persons)


def refuse(found: Sequence[Clash]) -> None:
    """Raise `CalendarClash` if there is any."""
    if found:
        raise CalendarClash(
            titles=[one.told for one in found],
            extra={"clashes": [{"kind": one.kind, "id": one.id and str(one.id)} for one in found]},
        )
