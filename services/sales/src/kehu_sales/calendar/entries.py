"""What stands in the calendar: what persons plan and did in a period, and leave (2 L415).

Who asks for a person or a team is told when they are busy, also with what is out of sight.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from kehu_contracts.access import RowScope
from kehu_kernel.session import Session
from kehu_sales.calendar.errors import CalendarTooFull
from kehu_sales.directory.below import departments_below
from kehu_sales.directory.rows import IN_SIGHT
from kehu_sales.tasks.recurrence import expected_days, on_day

ON_LEAVE = "休假"
"""What leave is called in the calendar, where titles are what people wrote."""
BUSY = "忙碌"
"""What somebody does who is seen to be busy, and no more."""
KEEPS_BUSY = ["planned", "in_approval", "approved", "checked_in", "open", "in_progress"]
"""As what clashes: a visit or task that is yet to be done, and besides leave."""
ENTRIES = f"""
    WITH team AS (
        SELECT departments, ARRAY(
            SELECT id FROM employee_refs WHERE tenant_id = $1 AND department_id = ANY (departments)
        ) AS people
        FROM (SELECT ARRAY({departments_below("$3::uuid")}) AS departments) AS ours
    )
    SELECT entry.*, customer_refs.name AS customer_name FROM (
        SELECT 'visit' AS kind, id, purpose AS title, status, customer_id,
            owner_id AS employee_id, starts_at, ends_at, NULL::date AS on_day,
            coalesce(place, city) AS place, version, updated_at, NULL::jsonb AS recurrence,
            NULL::date AS series_day, ARRAY(
                SELECT one FROM unnest(owner_id || observer_ids) AS one
                WHERE one = coalesce($2::uuid, one) AND ($3::uuid IS NULL OR one = ANY (people))
            ) AS busy
        FROM visits, team
        WHERE tenant_id = $1 AND status <> 'cancelled' AND starts_at < $7 AND ends_at > $6
          AND ($2::uuid IS NULL OR owner_id = $2 OR $2 = ANY (observer_ids))
          AND ($3::uuid IS NULL OR department_id = ANY (departments)
               OR owner_id = ANY (people) OR observer_ids && people)
          AND ($10::text[] IS NULL OR status = ANY ($10))
        UNION ALL
        SELECT 'task', id, topic, status, customer_id, assignee_id, starts_at, ends_at,
            CASE WHEN starts_at IS NULL THEN due_on END, NULL, version, updated_at,
            CASE WHEN status IN ('open', 'in_progress') THEN recurrence END, series_day,
            CASE WHEN $3::uuid IS NULL OR assignee_id = ANY (people) THEN ARRAY[assignee_id] END
        FROM tasks, team
        WHERE tenant_id = $1 AND status <> 'cancelled'
          AND (starts_at < $7 AND ends_at > $6
               OR starts_at IS NULL AND due_on BETWEEN $4 AND $5
               OR recurrence IS NOT NULL AND series_day <= $5
                  AND status IN ('open', 'in_progress'))
          AND ($2::uuid IS NULL OR assignee_id = $2)
          AND ($3::uuid IS NULL OR department_id = ANY (departments) OR assignee_id = ANY (people))
          AND ($10::text[] IS NULL OR status = ANY ($10))
        UNION ALL
        SELECT 'activity', id, topic, kind, customer_id, employee_id, NULL, NULL, occurred_on,
            place, version, updated_at, NULL, NULL, NULL
        FROM activities, team
        WHERE $10::text[] IS NULL AND tenant_id = $1 AND occurred_on BETWEEN $4 AND $5
          AND ($2::uuid IS NULL OR employee_id = $2)
          AND ($3::uuid IS NULL OR employee_id = ANY (people))
          AND NOT EXISTS (
              SELECT FROM visits WHERE visits.tenant_id = $1 AND visits.activity_id = activities.id
          )
        UNION ALL
        SELECT 'leave', id, '{ON_LEAVE}', 'leave', NULL, employee_id,
            away.from_on::timestamp AT TIME ZONE $9, (away.to_on + 1)::timestamp AT TIME ZONE $9,
            NULL, NULL, version, updated_at, NULL, NULL, ARRAY[employee_id]
        FROM team, assignees, jsonb_to_recordset(leaves) AS away (from_on date, to_on date)
        WHERE tenant_id = $1 AND away.from_on <= $5 AND away.to_on >= $4
          AND ($2::uuid IS NULL OR employee_id = $2)
          AND ($3::uuid IS NULL OR employee_id = ANY (people)) AND {IN_SIGHT}
    ) AS entry
    LEFT JOIN customer_refs ON customer_refs.tenant_id = $1 AND customer_refs.id = entry.customer_id
    LIMIT $8
"""  # noqa: S608 - our own words
"""`team`: the department that is asked for with all below it, and who works there; `busy`: whom of
those who are asked for it keeps busy. $10: states of visits and tasks, of which and of leave alone
is asked; all there is if it is null."""


class Entry(NamedTuple):
    """One entry: from a moment to another, or all of a day (`on`).

    What is out of the caller's sight is `busy`, with times, whom it keeps busy, and no more.
    `expected`: the task of that day is not made yet; `id` is that of the one it repeats.
    """

    kind: str
    id: UUID
    title: str
    status: str
    customer_id: UUID | None
    customer_name: str | None
    employee_id: UUID | None
    starts_at: datetime | None
    ends_at: datetime | None
    on: date | None
    place: str | None
    version: int
    updated_at: datetime
    expected: bool


async def entries_between(
    session: Session,
    first: date,
    last: date,
    *,
    employee_id: UUID | None,
    department_id: UUID | None,
    zone: str,
    limit: int,
) -> list[Entry]:
    """Return the entries from a day to another, both included, in the order of time.

    Activities that a visit's report recorded are left out: the visit stands there. What the caller
    does not see of a person's or a team's is `busy`.
    Raises `CalendarTooFull` for more than `limit`.
    """
    asked = (employee_id, department_id)
    rows = await _rows(session, first, last, asked, zone=zone, limit=limit)
    found = [entry for row in rows for entry in _entries(row, first, last, zone)]
    if session.context.row_scope != RowScope.ALL and any(asked):
        await session.see_all_rows()
        everything = await _rows(session, first, last, asked, KEEPS_BUSY, zone=zone, limit=limit)
        await session.see_rows_in_scope()
        seen = {(row["kind"], row["id"]) for row in rows}
        hidden = [row for row in everything if (row["kind"], row["id"]) not in seen]
        found += [busy for row in hidden for busy in _busy(row, first, last, zone)]
    if len(found) > limit:
        raise CalendarTooFull(limit=limit)
    return sorted(found, key=lambda one: (one.starts_at or _midnight(one.on, zone), str(one.id)))


async def _rows(
    session: Session,
    first: date,
    last: date,
    asked: tuple[UUID | None, UUID | None],
    states: Sequence[str] | None = None,
    *,
    zone: str,
    limit: int,
) -> Sequence[Any]:
    begin, end = _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
    rows: Sequence[Any] = await session.fetch(
        ENTRIES,
        session.context.tenant_id,
        *asked,
        first,
        last,
        begin,
        end,
        limit + 1,
        zone,
        states,
    )
    if len(rows) > limit:
        raise CalendarTooFull(limit=limit)
    return rows


def _busy(row: Any, first: date, last: date, zone: str) -> list[Entry]:
    """Return when a row out of sight keeps whom of those who are asked for busy."""
    return [
        Entry(
            kind="busy", id=person, title=BUSY, status="busy", customer_id=None,
            customer_name=None, employee_id=person, starts_at=one.starts_at, ends_at=one.ends_at,
            on=None, place=None, version=0, updated_at=one.updated_at, expected=one.expected,
        )
        for one in _entries(row, first, last, zone) if one.starts_at is not None
        for person in row["busy"] or ()
    ]  # fmt: skip


def _entries(row: Any, first: date, last: date, zone: str) -> list[Entry]:
    """Return what a row stands for in the period: itself, and the repeats that are expected."""
    values = {name: row[name] for name in Entry._fields if name not in ("on", "expected")}
    entry = Entry(**values, on=row["on_day"], expected=False)
    begin, end = _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
    if entry.starts_at is None or entry.ends_at is None:
        inside = entry.on is not None and first <= entry.on <= last
    else:
        inside = entry.starts_at < end and entry.ends_at > begin
    return [*([entry] if inside else []), *_expected(row, entry, first, last, zone)]


def _expected(row: Any, entry: Entry, first: date, last: date, zone: str) -> list[Entry]:
    if row["recurrence"] is None:
        return []
    days = expected_days(row["recurrence"], row["series_day"], first, last)
    if entry.starts_at is None or entry.ends_at is None:
        return [entry._replace(on=day, expected=True) for day in days]
    length = entry.ends_at - entry.starts_at
    starts = [on_day(entry.starts_at, day, zone) for day in days]
    return [
        entry._replace(starts_at=one, ends_at=one + length, expected=True)
        for one in starts
        if one is not None
    ]


def _midnight(day: date | None, zone: str) -> datetime:
    return datetime.combine(day or date.min, time.min, ZoneInfo(zone))
