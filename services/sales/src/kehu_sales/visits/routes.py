"""The visit API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.calendar.errors import CalendarClash
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_sales.directory.errors import STAFF
from kehu_sales.moments import OutOfOurTimes, TimeInFuture, TimesReversed
from kehu_sales.opportunities.errors import (
    AnotherCustomer,
    EvaluationHasFailed,
    OpportunityIsClosed,
    UnknownOpportunity,
)
from kehu_sales.tasks.errors import WeekdaysOfWeeks
from kehu_sales.visit_policy.errors import UnknownVisitType
from kehu_sales.visits import briefing, conduct, service
from kehu_sales.visits.errors import (
    ChecklistIncomplete,
    ConsentNeeded,
    NextStepInPast,
    NextStepMissing,
    OwnPlan,
    UnknownItem,
    VisitNeedsCustomer,
    VisitNotInSeries,
    VisitNotInState,
)
from kehu_sales.visits.models import Visit
from kehu_sales.visits.queries import still_planned
from kehu_sales.visits.recurring import recurrence_of
from kehu_sales.visits.report_schemas import (
    Cancellation,
    CheckIn,
    Finish,
    NextStep,
    Rejection,
    Ticking,
    VisitReport,
)
from kehu_sales.visits.schemas import (
    Briefing,
    BriefingFilters,
    VisitCreate,
    VisitDetail,
    VisitFilters,
    VisitRead,
    VisitUpdate,
)
from kehu_sales.zone import Zone

routes = router("/v1/visits", "visits")
READ = requires("sales:visits:read")
WRITE = requires("sales:visits:write")
APPROVE = requires("sales:visits:approve")


@routes.post(
    "",
    summary="Plan a visit",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        UnknownVisitType,
        VisitNeedsCustomer,
        TimesReversed,
        PeriodReversed,
        WeekdaysOfWeeks,
        OutOfOurTimes,
        CalendarClash,
        *STAFF,
        UnknownOpportunity,
        OpportunityIsClosed,
        EvaluationHasFailed,
        AnotherCustomer,
        UnknownCustomer,
        CustomerMerged,
        CustomerHasEnded,
    ),
)
async def plan_visit(
    data: VisitCreate, session: Session, zone: Zone, response: Response
) -> VisitDetail:
    """Plan a visit. The answer warns of what the texts advise otherwise, and of clashes."""
    visit = await service.plan_visit(session, data, zone=zone)
    response.headers["Location"] = f"/v1/visits/{visit.id}"
    return await _answer(session, visit, zone, response)


@routes.get("", summary="List visits", dependencies=[READ], responses=problems(PeriodReversed))
async def list_visits(
    session: Session, zone: Zone, filters: Annotated[VisitFilters, Query()]
) -> Page[VisitRead]:
    """Visits that match all filters, a page at a time."""
    visits, cursor, count = await service.list_visits(session, filters, zone=zone)
    return Page(items=[VisitRead.of(visit) for visit in visits], next_cursor=cursor, count=count)


@routes.get("/{visit_id}", summary="Read a visit", dependencies=[READ])
async def read_visit(
    visit_id: UUID, session: Session, zone: Zone, response: Response
) -> VisitDetail:
    """One visit with warnings and clashes, and its ETag."""
    return await _answer(session, await require(session, Visit, visit_id), zone, response)


@routes.get("/{visit_id}/briefing", summary="Brief for a visit", dependencies=[READ])
async def brief_for_visit(
    visit_id: UUID, session: Session, filters: Annotated[BriefingFilters, Query()]
) -> Briefing:
    """What to take along: recent sales, quotes and contacts of the customer."""
    return await briefing.brief(session, visit_id, filters.limit)


@routes.patch(
    "/{visit_id}",
    summary="Change the plan of a visit",
    dependencies=[WRITE],
    responses=problems(
        VisitNotInState, VisitNotInSeries, TimesReversed, OutOfOurTimes, CalendarClash, *STAFF
    ),
)
async def change_visit(
    visit_id: UUID,
    data: VisitUpdate,
    session: Session,
    version: ExpectedVersion,
    zone: Zone,
    response: Response,
) -> VisitDetail:
    """Change the plan before the visit begins; a consent that was given is asked for again.

    Of one that recurs only this one is changed, or with `following` all from this one on.
    """
    visit = await service.change_visit(session, visit_id, data, zone=zone, expected_version=version)
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/submit",
    summary="Submit the plan of a visit",
    dependencies=[WRITE],
    responses=problems(VisitNotInState),
)
async def submit_visit(
    visit_id: UUID, session: Session, version: OptionalVersion, zone: Zone, response: Response
) -> VisitDetail:
    """Ask the superior for consent to the plan."""
    visit = await service.submit_visit(session, visit_id, expected_version=version)
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/approve",
    summary="Approve the plan of a visit",
    dependencies=[APPROVE],
    responses=problems(VisitNotInState, OwnPlan),
)
async def approve_visit(
    visit_id: UUID, session: Session, version: OptionalVersion, zone: Zone, response: Response
) -> VisitDetail:
    """Consent to a plan of somebody else."""
    visit = await service.decide_on_visit(
        session, visit_id, approve=True, note=None, expected_version=version
    )
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/reject",
    summary="Send the plan of a visit back",
    dependencies=[APPROVE],
    responses=problems(VisitNotInState, OwnPlan),
)
async def reject_visit(
    visit_id: UUID,
    data: Rejection,
    session: Session,
    version: OptionalVersion,
    zone: Zone,
    response: Response,
) -> VisitDetail:
    """Send a plan back, saying why; it can be changed and submitted again."""
    visit = await service.decide_on_visit(
        session, visit_id, approve=False, note=data.note, expected_version=version
    )
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/cancel",
    summary="Cancel a visit",
    dependencies=[WRITE],
    responses=problems(VisitNotInState, VisitNotInSeries),
)
async def cancel_visit(
    visit_id: UUID,
    data: Cancellation,
    session: Session,
    version: OptionalVersion,
    zone: Zone,
    response: Response,
) -> VisitDetail:
    """Call a visit off that has not begun, or with `following` a series from here on. Final."""
    visit = await service.cancel_visit(session, visit_id, data, expected_version=version)
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/check-in",
    summary="Check in at a visit",
    dependencies=[WRITE],
    responses=problems(VisitNotInState, ConsentNeeded, TimeInFuture, OutOfOurTimes),
)
async def check_in(
    visit_id: UUID,
    data: CheckIn,
    session: Session,
    version: OptionalVersion,
    zone: Zone,
    response: Response,
) -> VisitDetail:
    """Arrive at the customer's, with the position of the phone."""
    visit = await conduct.check_in(session, visit_id, data, expected_version=version)
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/finish",
    summary="Finish a visit",
    dependencies=[WRITE],
    responses=problems(VisitNotInState, TimeInFuture, TimesReversed, OutOfOurTimes),
)
async def finish_visit(
    visit_id: UUID,
    data: Finish,
    session: Session,
    version: OptionalVersion,
    zone: Zone,
    response: Response,
) -> VisitDetail:
    """Leave the customer; the report is due from now on."""
    visit = await conduct.finish(session, visit_id, data.at, expected_version=version)
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/tick",
    summary="Tick items of a visit's checklist",
    dependencies=[WRITE],
    responses=problems(VisitNotInState, UnknownItem),
)
async def tick_items(
    visit_id: UUID,
    data: Ticking,
    session: Session,
    version: OptionalVersion,
    zone: Zone,
    response: Response,
) -> VisitDetail:
    """Tick items as done, or take that back."""
    visit = await conduct.tick(session, visit_id, data, expected_version=version)
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/tell-superior",
    summary="Note that the superior was told",
    dependencies=[WRITE],
    responses=problems(VisitNotInState),
)
async def tell_superior(
    visit_id: UUID, session: Session, version: OptionalVersion, zone: Zone, response: Response
) -> VisitDetail:
    """Keep that the superior heard of the trip: once a day; a repetition changes nothing."""
    visit = await conduct.tell_superior(session, visit_id, zone=zone, expected_version=version)
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/report",
    summary="Report a visit",
    dependencies=[WRITE],
    responses=problems(VisitNotInState, NextStepInPast),
)
async def report_visit(
    visit_id: UUID,
    data: VisitReport,
    session: Session,
    version: OptionalVersion,
    zone: Zone,
    response: Response,
) -> VisitDetail:
    """Hand in the report, once. It records an activity; a refusal has its consequences."""
    visit = await conduct.report_visit(session, visit_id, data, zone=zone, expected_version=version)
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/next-step",
    summary="Set the next step after a visit",
    dependencies=[WRITE],
    responses=problems(VisitNotInState, NextStepInPast),
)
async def set_next_step(
    visit_id: UUID,
    data: NextStep,
    session: Session,
    version: OptionalVersion,
    zone: Zone,
    response: Response,
) -> VisitDetail:
    """Say what comes next, before the visit is closed."""
    visit = await conduct.set_next_step(
        session, visit_id, data, zone=zone, expected_version=version
    )
    return await _answer(session, visit, zone, response)


@routes.post(
    "/{visit_id}/close",
    summary="Close a visit",
    dependencies=[WRITE],
    responses=problems(VisitNotInState, ChecklistIncomplete, NextStepMissing),
)
async def close_visit(
    visit_id: UUID, session: Session, version: OptionalVersion, zone: Zone, response: Response
) -> VisitDetail:
    """Close a visit whose duties are done. This is final."""
    visit = await conduct.close_visit(session, visit_id, expected_version=version)
    return await _answer(session, visit, zone, response)


async def _answer(session: Session, visit: Visit, zone: str, response: Response) -> VisitDetail:
    warnings, clashes = await service.look_at(session, visit, zone)
    set_etag(response, visit)
    return VisitDetail.told(
        visit,
        warnings,
        clashes,
        recurrence=await recurrence_of(session, visit),
        still_planned=await still_planned(session, visit),
    )
