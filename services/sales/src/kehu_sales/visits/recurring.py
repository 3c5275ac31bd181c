"""What can be done with visits that recur. Each occurrence is an own visit plan (S5).

The series is locked before its visits are made or changed, and the database holds one visit for a
day of a series: so nothing is planned twice, whoever dies or runs beside.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from kehu_kernel import audit, clock, ids, numbering, outbox
from kehu_kernel.session import Session
from kehu_sales.customers.models import FORMER
from kehu_sales.customers.queries import of_customer
from kehu_sales.customers.service import load_customers, survivor_of
from kehu_sales.opportunities.links import lock_if_open
from kehu_sales.tasks.recurrence import Recurrence
from kehu_sales.visit_policy.models import VisitPolicy, VisitType
from kehu_sales.visit_policy.queries import policy_of
from kehu_sales.visits import events
from kehu_sales.visits.models import TO_COME, Visit, VisitStatus
from kehu_sales.visits.series import VisitSeries

NUMBER_PREFIX = "VIS"
MOST_AT_ONCE = 100
"""Visits of a series that one transaction plans; the worker goes on with the rest."""
PLAN = (
    "contact_ids", "purpose", "customer_value", "mode", "host", "starts_at", "ends_at", "place",
    "city", "business_trip", "department_id", "observer_ids", "remind_minutes",
)  # fmt: skip
TIMES = {"starts_at", "ends_at"}
SUBJECT = ("type_code", "customer_id", "opportunity_id", "owner_id")


def begin_series(visit: Visit, recurrence: Recurrence) -> VisitSeries:
    """Return the series that a visit is the first of."""
    series = VisitSeries(
        id=ids.new_id(),
        recurrence=recurrence.stored(),
        shift_days=0,
        planned_to=recurrence.first,
        plan_on=recurrence.first,
        planned_by=visit.planned_by,
        **{name: getattr(visit, name) for name in (*PLAN, *SUBJECT)},
    )
    visit.series_id, visit.series_day = series.id, recurrence.first
    return series


async def plan_further(
    session: Session, series: VisitSeries, policy: VisitPolicy, *, today: date, zone: str
) -> list[Visit]:
    """Plan the visits of a locked series that are near enough; return them.

    The opportunity goes along while it is open, and the customer as the survivor of a merge; with
    one that ended the series ends.
    """
    known = await load_customers(session, [series.customer_id])
    customer_id = survivor_of(known, series.customer_id)
    if customer_id not in known:  # the survivor of a merge, whose own event is on its way
        series.wait(today + timedelta(days=1))
        return []
    if known[customer_id].state == FORMER:
        series.end()
        return []
    opportunity = await lock_if_open(session, series.opportunity_id)
    series.customer_id = customer_id
    series.opportunity_id = opportunity.id if opportunity else None
    kind = policy.type_of(series.type_code)
    made: list[Visit] = []
    ahead = policy.measure().plan_ahead_days
    while len(made) < MOST_AT_ONCE and (day := series.next_day(today, ahead)):
        by = series.planned_by or session.context.actor
        made.append(_occurrence(series, kind, day, zone, by))
        series.planned_to = day
    if made:
        numbers = await numbering.next_numbers(
            session, NUMBER_PREFIX, year=today.year, count=len(made)
        )
        for visit, number in zip(made, numbers, strict=True):
            visit.number = number
            keep_planned(session, visit)
    return made


async def plan_due(session: Session, limit: int, *, today: date, zone: str) -> int:
    """Plan what is near enough of a lot of the tenant's series; return how many series."""
    found = await session.scalars(
        select(VisitSeries)
        .where(VisitSeries.tenant_id == session.context.tenant_id, VisitSeries.plan_on <= today)
        .order_by(VisitSeries.plan_on, VisitSeries.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    series = list(found)
    policy = await policy_of(session)
    for one in series:
        await plan_further(session, one, policy, today=today, zone=zone)
    return len(series)


async def lock_series(session: Session, visit_id: UUID) -> VisitSeries | None:
    """Return the series of a visit, locked before the visit: changes of a series take turns."""
    found: VisitSeries | None = await session.scalar(
        select(VisitSeries)
        .join(
            Visit,
            and_(Visit.tenant_id == VisitSeries.tenant_id, Visit.series_id == VisitSeries.id),
        )
        .where(Visit.tenant_id == session.context.tenant_id, Visit.id == visit_id)
        .with_for_update(key_share=True, of=VisitSeries)
    )
    return found


async def change_following(
    session: Session,
    series: VisitSeries,
    visit: Visit,
    given: Mapping[str, Any],
    kind: VisitType,
    zone: str,
) -> list[Visit]:
    """Plan all later visits of the series in the same way, and those that are yet to be planned.

    `given` was done to the visit itself. Other times move them to the same time of day, as many
    days after their days. Returns the others that were changed.
    """
    moved = bool(given.keys() & TIMES)
    same = {name: value for name, value in given.items() if name not in TIMES}
    series.plan_anew(same)
    if moved and visit.series_day is not None:
        shift = clock.today(visit.starts_at, zone) - visit.series_day
        series.take_place(visit.starts_at, visit.ends_at, shift.days)
    changed = []
    for one in await _later(session, visit):
        wanted = dict(same)
        if moved and one.series_day is not None:
            times = series.times_on(one.series_day, zone)
            wanted |= dict(zip(("starts_at", "ends_at"), times, strict=True))
        if any(getattr(one, name) != value for name, value in wanted.items()):
            one.plan(kind, wanted)
            fields = audit.changed(session, one, "changed")
            outbox.add(session, events.changed(one, fields), sequence=one.version)
            changed.append(one)
    return changed


async def cancel_following(
    session: Session, series: VisitSeries, visit: Visit, reason: str
) -> None:
    """Call off all later visits of the series too, and plan no more."""
    series.end()
    for one in await _later(session, visit):
        one.cancel(reason)
        fields = audit.changed(session, one, "cancelled")
        outbox.add(session, events.cancelled(one, fields), sequence=one.version)


async def stop_calling(session: Session, visit: Visit) -> None:
    """End every series of visits to a visit's customer, whoever plans it: nothing more is planned.

    For one who refused firmly (L2610). To be called before the visit is locked, as all who change
    a series do.
    """
    await session.see_all_rows()
    found = await session.scalars(
        select(VisitSeries)
        .where(
            VisitSeries.tenant_id == visit.tenant_id,
            of_customer(VisitSeries.customer_id, visit.tenant_id, visit.customer_id),
            VisitSeries.plan_on.is_not(None),
        )
        .order_by(VisitSeries.id)
        .with_for_update(key_share=True)
    )
    for series in found:
        series.end()
    await session.flush()
    await session.see_rows_in_scope()


async def recurrence_of(session: Session, visit: Visit) -> dict[str, Any] | None:
    """Return how a visit repeats; None for one of its own."""
    if visit.series_id is None:
        return None
    found: dict[str, Any] | None = await session.scalar(
        select(VisitSeries.recurrence).where(
            VisitSeries.tenant_id == visit.tenant_id, VisitSeries.id == visit.series_id
        )
    )
    return found


def keep_planned(session: Session, visit: Visit) -> None:
    """Keep a new visit that has its number, and tell of it."""
    audit.created(session, visit)
    outbox.add(session, events.planned(visit), sequence=visit.version)


def checklist_of(kind: VisitType) -> list[dict[str, Any]]:
    """Return the checklist a visit of this type begins with."""
    return [
        {
            "code": item.code,
            "group": item.group,
            "text_zh": item.text_zh,
            "text_en": item.text_en,
            "required": item.required,
            "ticked": item.automatic,
        }
        for item in kind.checklist
    ]


def _occurrence(series: VisitSeries, kind: VisitType, day: date, zone: str, by: str) -> Visit:
    visit = Visit(
        id=ids.new_id(),
        planned_by=by,
        status=VisitStatus.PLANNED,
        checklist=checklist_of(kind),
        series_id=series.id,
        series_day=day,
        **{name: getattr(series, name) for name in SUBJECT},
    )
    starts_at, ends_at = series.times_on(day, zone)
    plan = {name: getattr(series, name) for name in PLAN}
    visit.plan(kind, plan | {"starts_at": starts_at, "ends_at": ends_at})
    return visit


async def _later(session: Session, visit: Visit) -> list[Visit]:
    """Return the later visits of the series that have not begun, locked, in order."""
    found = await session.scalars(
        select(Visit)
        .where(
            Visit.tenant_id == visit.tenant_id,
            Visit.series_id == visit.series_id,
            Visit.series_day > visit.series_day,
            Visit.status.in_(TO_COME),
        )
        .order_by(Visit.series_day)
        .with_for_update(key_share=True)
    )
    return list(found)
