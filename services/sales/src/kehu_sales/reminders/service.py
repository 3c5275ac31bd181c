"""Telling what is due, once each (S5; 2 L415: reminder)."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select

from kehu_kernel import audit, clock, outbox
from kehu_kernel.session import Session
from kehu_sales.tasks import events as task_events
from kehu_sales.tasks.models import TO_DO, Task
from kehu_sales.visits import events as visit_events
from kehu_sales.visits.models import TO_COME, Visit, VisitStatus
from kehu_sales.visits.queries import missed

LATEST = timedelta(days=7)
"""What was due longer ago is not told any more: tasks on record from before reminders began."""
UNFINISHED = timedelta(days=1)
"""So long after its planned end a visit that nobody finished is asked for (ours)."""


async def remind(session: Session, limit: int, *, zone: str) -> int:
    """Tell a lot of each kind of what is due; return how many were told.

    What is told is marked in the same transaction. Rows that somebody works on are left for the
    next round.
    """
    today = clock.today(session.context.now, zone)
    told = await _visits_that_start(session, limit) + await _reports_overdue(session, limit)
    told += await _visits_missed(session, limit)
    told += await _tasks_that_start(session, limit)
    return told + await _tasks_due(session, limit, today)


async def _visits_that_start(session: Session, limit: int) -> int:
    found = await _claim(session, Visit, limit, select(Visit).where(
        Visit.remind_at <= session.context.now,
        Visit.reminded_at.is_(None),
        Visit.status.in_(TO_COME),
    ))  # fmt: skip
    for visit in found:
        visit.reminded_at = session.context.now
        fields = audit.changed(session, visit, "reminded")
        event = visit_events.reminded(visit, "starts_soon", fields)
        outbox.add(session, event, sequence=visit.version)
    return len(found)


async def _reports_overdue(session: Session, limit: int) -> int:
    found = await _claim(session, Visit, limit, select(Visit).where(
        Visit.report_due_at < session.context.now,
        Visit.overdue_told_at.is_(None),
        Visit.status == VisitStatus.DONE,
    ))  # fmt: skip
    for visit in found:
        visit.overdue_told_at = session.context.now
        fields = audit.changed(session, visit, "report-overdue")
        event = visit_events.reminded(visit, "report_overdue", fields)
        outbox.add(session, event, sequence=visit.version)
    return len(found)


async def _visits_missed(session: Session, limit: int) -> int:
    """Ask for visits that owe their report, but nobody said that they were held, or ended."""
    now = session.context.now
    found = await _claim(session, Visit, limit, select(Visit).where(
        Visit.ends_at.between(now - LATEST, now),
        Visit.missed_told_at.is_(None),
        or_(
            missed(now),
            and_(Visit.status == VisitStatus.CHECKED_IN, Visit.ends_at < now - UNFINISHED),
        ),
    ))  # fmt: skip
    for visit in found:
        visit.missed_told_at = now
        begun = visit.status == VisitStatus.CHECKED_IN
        fields = audit.changed(session, visit, "not-finished" if begun else "not-held")
        event = visit_events.reminded(visit, "not_finished" if begun else "not_held", fields)
        outbox.add(session, event, sequence=visit.version)
    return len(found)


async def _tasks_that_start(session: Session, limit: int) -> int:
    found = await _claim(session, Task, limit, select(Task).where(
        Task.remind_at <= session.context.now,
        Task.reminded_at.is_(None),
        Task.status.in_(TO_DO),
    ))  # fmt: skip
    for task in found:
        task.reminded_at = session.context.now
        fields = audit.changed(session, task, "reminded")
        outbox.add(session, task_events.reminded(task, fields), sequence=task.version)
    return len(found)


async def _tasks_due(session: Session, limit: int, today: date) -> int:
    found = await _claim(session, Task, limit, select(Task).where(
        Task.due_on.between(today - LATEST, today),
        Task.due_told_at.is_(None),
        Task.status.in_(TO_DO),
    ))  # fmt: skip
    for task in found:
        task.due_told_at = session.context.now
        fields = audit.changed(session, task, "due")
        outbox.add(session, task_events.due(task, fields), sequence=task.version)
    return len(found)


async def _claim(session: Session, model: Any, limit: int, query: Select[Any]) -> list[Any]:
    """Lock a lot of the rows; those of another worker are left to it."""
    mine = query.where(model.tenant_id == session.context.tenant_id).order_by(model.id)
    locked = mine.limit(limit).with_for_update(key_share=True, skip_locked=True)
    return list(await session.scalars(locked))
