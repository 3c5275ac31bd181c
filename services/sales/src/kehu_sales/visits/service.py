"""What can be done with a visit until it begins, and how it is read."""

from collections.abc import Sequence
from uuid import UUID

from kehu_kernel import audit, business_day, clock, ids, numbering, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.calendar.clashes import Clash, clashes_of, refuse, take_turns
from kehu_sales.directory.service import (
    department_of,
    manager_of,
    require_newly_named,
    require_staff,
)
from kehu_sales.opportunities.links import link
from kehu_sales.visit_policy.queries import policy_of
from kehu_sales.visits import events, queries
from kehu_sales.visits.advice import Advice, advice
from kehu_sales.visits.errors import VisitNeedsCustomer, VisitNotInSeries
from kehu_sales.visits.models import TO_COME, Visit, VisitStatus
from kehu_sales.visits.recurring import (
    NUMBER_PREFIX,
    PLAN,
    begin_series,
    cancel_following,
    change_following,
    checklist_of,
    keep_planned,
    lock_series,
    plan_further,
)
from kehu_sales.visits.report_schemas import Cancellation
from kehu_sales.visits.schemas import VisitCreate, VisitFilters, VisitUpdate


async def plan_visit(session: Session, data: VisitCreate, *, zone: str) -> Visit:
    """Plan a visit with the checklist of its type; of one that recurs those that are near, too.

    Raises `UnknownVisitType`, `VisitNeedsCustomer`, `TimesReversed`, `PeriodReversed`,
    `WeekdaysOfWeeks`, `CalendarClash` if asked to, or what `require_staff` and `link` raise.
    """
    await require_staff(session, [data.owner_id, *data.observer_ids], data.department_id)
    subject = await link(session, data.opportunity_id, data.customer_id)
    if subject.customer_id is None:
        raise VisitNeedsCustomer
    policy = await policy_of(session)
    kind = policy.type_in_use(data.type)
    visit = Visit(
        id=ids.new_id(),
        type_code=kind.code,
        customer_id=subject.customer_id,
        opportunity_id=data.opportunity_id,
        owner_id=data.owner_id or session.context.employee_id,
        planned_by=session.context.actor,
        status=VisitStatus.PLANNED,
        checklist=checklist_of(kind),
    )
    visit.plan(kind, {name: getattr(data, name) for name in PLAN})
    visit.department_id = visit.department_id or await department_of(session, visit.owner_id)
    if data.refuse_clashes:
        await _refuse_clashes(session, [visit], zone)
    today = clock.today(session.context.now, zone)
    visit.number = await numbering.next_number(session, NUMBER_PREFIX, year=today.year)
    if data.recurrence is None:
        keep_planned(session, visit)
        return visit
    first = clock.today(visit.starts_at, zone)
    series = begin_series(visit, data.recurrence.recurrence(first))
    session.add(series)
    await session.flush()  # its visits refer to it
    keep_planned(session, visit)
    further = await plan_further(session, series, policy, today=today, zone=zone)
    if data.refuse_clashes:
        await _refuse_clashes(session, further, zone)
    return visit


async def change_visit(
    session: Session, visit_id: UUID, data: VisitUpdate, *, zone: str, expected_version: int
) -> Visit:
    """Plan a visit anew that has not begun, and perhaps all that follow in its series.

    A changed plan needs consent again. Raises `VisitNotInState`, `VisitNotInSeries`,
    `TimesReversed`, `CalendarClash` if asked to, or what `require_newly_named` raises.
    """
    given = data.given()
    refuses, following = given.pop("refuse_clashes", False), given.pop("following", False)
    series = await lock_series(session, visit_id) if following else None
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    await require_newly_named(session, visit, given, "owner_id", "observer_ids")
    kind = (await policy_of(session)).type_of(visit.type_code)
    if any(getattr(visit, name) != value for name, value in given.items()):
        visit.plan(kind, given)
    fields = audit.changed(session, visit, "changed")
    if fields:
        outbox.add(session, events.changed(visit, fields), sequence=visit.version)
    planned = [visit]
    if following:
        if series is None:
            raise VisitNotInSeries(number=visit.number)
        planned += await change_following(session, series, visit, given, kind, zone)
    if refuses:
        await _refuse_clashes(session, planned, zone)
    return visit


async def submit_visit(session: Session, visit_id: UUID, *, expected_version: int | None) -> Visit:
    """Ask the owner's superior for consent; whoever may consent can. Raises `VisitNotInState`."""
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    visit.submit(session.context.actor, await manager_of(session, visit.owner_id))
    return _record(session, visit, "submitted")


async def decide_on_visit(
    session: Session,
    visit_id: UUID,
    *,
    approve: bool,
    note: str | None,
    expected_version: int | None,
) -> Visit:
    """Consent to a plan, or send it back. Raises `VisitNotInState`, `OwnPlan`."""
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    context = session.context
    visit.decide(
        approve=approve,
        note=note,
        by=context.actor,
        employee_id=context.employee_id,
        at=context.now,
    )
    if not approve:
        return _record(session, visit, "rejected")
    fields = audit.changed(session, visit, "approved")
    outbox.add(session, events.approved(visit, fields), sequence=visit.version)
    return visit


async def cancel_visit(
    session: Session, visit_id: UUID, data: Cancellation, *, expected_version: int | None
) -> Visit:
    """Call a visit off, and perhaps all that follow in its series.

    Raises `VisitNotInState` once it has begun, `VisitNotInSeries`.
    """
    series = await lock_series(session, visit_id) if data.following else None
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    visit.cancel(data.reason)
    fields = audit.changed(session, visit, "cancelled")
    outbox.add(session, events.cancelled(visit, fields), sequence=visit.version)
    if data.following:
        if series is None:
            raise VisitNotInSeries(number=visit.number)
        await cancel_following(session, series, visit, data.reason)
    return visit


async def list_visits(
    session: Session, filters: VisitFilters, *, zone: str
) -> tuple[list[Visit], str | None, int | None]:
    """Return one page of the visits that match, the next cursor, and the count if asked.

    Raises `PeriodReversed`.
    """
    business_day.period(filters.starts_from, filters.starts_to)
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters, zone, session.context.now),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Visit.id,
    )


async def look_at(session: Session, visit: Visit, zone: str) -> tuple[list[Advice], list[Clash]]:
    """Return the advice about a visit, and what it clashes with while it is to come."""
    await session.flush()  # so that the visit itself counts
    policy = await policy_of(session)
    warnings = advice(
        visit,
        policy.type_of(visit.type_code),
        policy.measure(),
        await queries.around(session, visit, zone),
        now=session.context.now,
        zone=zone,
    )
    return warnings, await _clashes(session, visit, zone) if visit.status in TO_COME else []


def _record(session: Session, visit: Visit, action: str) -> Visit:
    fields = audit.changed(session, visit, action)
    outbox.add(session, events.changed(visit, fields), sequence=visit.version)
    return visit


async def _clashes(session: Session, visit: Visit, zone: str) -> list[Clash]:
    return await clashes_of(
        session, _people(visit), visit.starts_at, visit.ends_at, besides=visit.id, zone=zone
    )


async def _refuse_clashes(session: Session, visits: Sequence[Visit], zone: str) -> None:
    await take_turns(session, [one for visit in visits for one in _people(visit)])
    await session.flush()
    for visit in visits:
        refuse(await _clashes(session, visit, zone))


def _people(visit: Visit) -> list[UUID | None]:
    return [visit.owner_id, *visit.observer_ids]
