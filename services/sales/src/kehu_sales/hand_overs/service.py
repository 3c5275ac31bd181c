"""Handing over what a leaver holds: opportunities, tasks, visits, documents, decisions.

In rules of assignment the successor takes the leaver's place; collisions are looked at again.

Addresses of the leaver's calendar are revoked. What is closed stays as it is: it says who won it,
and who did it.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from kehu_contracts.base import Event
from kehu_kernel import audit, clock, outbox
from kehu_kernel.columns import TenantRow
from kehu_kernel.session import Session
from kehu_sales.approvals import events as approval_events
from kehu_sales.approvals.models import Approval, ApprovalState
from kehu_sales.assignment.models import AssignmentRule
from kehu_sales.calendar_feeds.models import CalendarFeed
from kehu_sales.collisions.relations import ask_again_about
from kehu_sales.contracts import service as contracts
from kehu_sales.contracts.models import OPEN as OPEN_CONTRACTS
from kehu_sales.contracts.models import Contract
from kehu_sales.directory.service import manager_of
from kehu_sales.grading.service import hand_over_leader
from kehu_sales.hand_overs.models import HandOverRef
from kehu_sales.opportunities import events as opportunity_events
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Status
from kehu_sales.price_lists import events as price_list_events
from kehu_sales.price_lists.models import PriceList
from kehu_sales.projects.models import OPEN as OPEN_PROJECTS
from kehu_sales.projects.models import Project
from kehu_sales.projects.service import keep as keep_project
from kehu_sales.quotes import events as quote_events
from kehu_sales.quotes.models import OPEN as OPEN_QUOTES
from kehu_sales.quotes.models import Quote
from kehu_sales.receipts import service as receipts
from kehu_sales.receipts.models import Receipt, ReceiptState
from kehu_sales.samples import events as sample_events
from kehu_sales.samples.models import OPEN as OPEN_SAMPLES
from kehu_sales.samples.models import Sample
from kehu_sales.tasks import events as task_events
from kehu_sales.tasks.models import TO_DO, Task
from kehu_sales.visits import events as visit_events
from kehu_sales.visits.models import TO_COME, UNREPORTED, Visit, VisitStatus
from kehu_sales.visits.series import VisitSeries

Row = TypeVar("Row", bound=TenantRow)

Keep = Callable[[Session, Any], object]
"""Keeps that a record was handed over, and tells of it."""

OPEN = (Status.NOT_EVALUATED, Status.IN_EVALUATION, Status.IN_PROGRESS)


def _telling(changed: Callable[[Any, list[str]], Event]) -> Keep:
    """Return what tells of it by the event that says that a record changed."""

    def keep(session: Session, one: Any) -> None:
        fields = audit.changed(session, one, "handed-over")
        outbox.add(session, changed(one, fields), sequence=one.version)

    return keep


OWNED: Sequence[tuple[Any, Keep, Sequence[ColumnElement[bool]]]] = (
    (Quote, _telling(quote_events.changed), [Quote.state.in_(OPEN_QUOTES)]),
    (Sample, _telling(sample_events.changed), [Sample.state.in_(OPEN_SAMPLES)]),
    (
        Contract,
        lambda session, one: contracts.changed(session, one, "handed-over"),
        [Contract.state.in_(OPEN_CONTRACTS)],
    ),
    (  # money that is not allocated yet: somebody has to see to it
        Receipt,
        receipts.handed_over,
        [
            Receipt.state == ReceiptState.RECORDED,
            Receipt.allocated + Receipt.refunded < Receipt.amount,
        ],
    ),
    (PriceList, _telling(price_list_events.changed), []),
)
"""Documents with an owner: which of a leaver's are handed over."""


async def move_records(session: Session, hand_over: HandOverRef, limit: int, *, zone: str) -> int:
    """Hand over the next records of the leaver; return how many. Days are those of the zone."""
    today = clock.today(session.context.now, zone)
    moved = await _move_visits(session, hand_over, limit)  # before opportunities, as reports do
    moved += await _move_opportunities(session, hand_over, limit, today)
    moved += await _move_tasks(session, hand_over, limit)
    moved += await _revoke_feeds(session, hand_over, limit)
    moved += await _move_projects(session, hand_over, limit, today)
    moved += await _move_owned(session, hand_over, limit)
    moved += await hand_over_leader(session, hand_over.employee_id, hand_over.successor_id)
    moved += await _replace_in_rules(session, hand_over, limit)
    return moved + await _move_approvals(session, hand_over, limit)


async def _move_opportunities(
    session: Session, hand_over: HandOverRef, limit: int, today: date
) -> int:
    leaver = hand_over.employee_id
    found = await _locked(
        session,
        Opportunity,
        limit,
        Opportunity.status.in_(OPEN),
        or_(Opportunity.owner_id == leaver, Opportunity.evaluator_id == leaver),
    )
    for opportunity in found:
        owner_id, department_id = hand_over.successor_in(opportunity.department_id)
        opportunity.hand_over(leaver, owner_id, department_id, evaluator_id=hand_over.successor_id)
        fields = audit.changed(session, opportunity, "handed-over")
        event = opportunity_events.changed(opportunity, fields, today)
        outbox.add(session, event, sequence=opportunity.version)
    await ask_again_about(session, [one.id for one in found])
    return len(found)


async def _move_tasks(session: Session, hand_over: HandOverRef, limit: int) -> int:
    found = await _locked(
        session,
        Task,
        limit,
        Task.assignee_id == hand_over.employee_id,
        Task.status.in_(TO_DO),
    )
    for task in found:
        task.assign(hand_over.successor_id)
        fields = audit.changed(session, task, "assigned")
        outbox.add(session, task_events.assigned(task, fields), sequence=task.version)
    return len(found)


async def _move_visits(session: Session, hand_over: HandOverRef, limit: int) -> int:
    """Hand over the visits that are not reported, and have the leaver come along no more."""
    leaver = hand_over.employee_id
    series = await _locked(  # before their visits, as whoever changes both does
        session,
        VisitSeries,
        limit,
        or_(VisitSeries.owner_id == leaver, VisitSeries.observer_ids.any_() == leaver),
        VisitSeries.plan_on.is_not(None),
    )
    for one in series:
        _replace_visitor(one, hand_over)
    found = await _locked(
        session,
        Visit,
        limit,
        Visit.status.in_(UNREPORTED),
        or_(
            Visit.owner_id == leaver,
            and_(Visit.observer_ids.any_() == leaver, Visit.status.in_(TO_COME)),
            and_(Visit.approver_id == leaver, Visit.status == VisitStatus.IN_APPROVAL),
        ),
    )
    for visit in found:
        _replace_visitor(visit, hand_over)
        await _ask_a_superior(session, visit, hand_over)
        fields = audit.changed(session, visit, "handed-over")
        outbox.add(session, visit_events.changed(visit, fields), sequence=visit.version)
    return len(found) + len(series)


async def _ask_a_superior(session: Session, visit: Visit, hand_over: HandOverRef) -> None:
    """Let a plan wait for nobody who has left, nor for whoever visits now."""
    if visit.status != VisitStatus.IN_APPROVAL:
        return
    if visit.approver_id == hand_over.employee_id:
        visit.approver_id = hand_over.successor_id
    if visit.approver_id == visit.owner_id:
        superior = await manager_of(session, visit.owner_id)
        visit.approver_id = superior if superior != hand_over.employee_id else None


def _replace_visitor(visit: Visit | VisitSeries, hand_over: HandOverRef) -> None:
    leaver = hand_over.employee_id
    if visit.owner_id == leaver:
        visit.hand_over(*hand_over.successor_in(visit.department_id))
    visit.observer_ids = [one for one in visit.observer_ids if one != leaver]


async def _revoke_feeds(session: Session, hand_over: HandOverRef, limit: int) -> int:
    """Let a leaver read no calendar any more: the address needs no token."""
    found = await _locked(
        session,
        CalendarFeed,
        limit,
        CalendarFeed.employee_id == hand_over.employee_id,
        CalendarFeed.revoked_at.is_(None),
    )
    for feed in found:
        feed.revoke(session.context.now)
        audit.changed(session, feed, "revoked")
    return len(found)


async def _move_projects(session: Session, hand_over: HandOverRef, limit: int, today: date) -> int:
    leaver = hand_over.employee_id
    in_team = [{"employee_id": str(leaver), "left_on": None}]
    found = await _locked(
        session,
        Project,
        limit,
        Project.state.in_(OPEN_PROJECTS),
        or_(
            Project.owner_id == leaver,
            Project.leader_id == leaver,
            type_coerce(Project.team, JSONB).contains(in_team),
        ),
    )
    for project in found:
        owner = hand_over.successor_in(project.department_id)
        project.hand_over(leaver, *owner, hand_over.successor_id, today)
        keep_project(session, project, "handed-over")
    return len(found)


async def _move_owned(session: Session, hand_over: HandOverRef, limit: int) -> int:
    """Hand over the documents that have an owner, and no more to them than that."""
    moved = 0
    for model, keep, conditions in OWNED:
        found = await _locked(
            session, model, limit, model.owner_id == hand_over.employee_id, *conditions
        )
        for one in found:
            one.owner_id, one.department_id = hand_over.successor_in(one.department_id)
            keep(session, one)
        moved += len(found)
    return moved


async def _replace_in_rules(session: Session, hand_over: HandOverRef, limit: int) -> int:
    """Have the successor stand in rules of assignment where the leaver did."""
    leaver = hand_over.employee_id
    found = await _locked(
        session,
        AssignmentRule,
        limit,
        type_coerce(AssignmentRule.employee_ids, JSONB).contains([str(leaver)]),
    )
    for rule in found:
        rule.replace(leaver, hand_over.successor_id)
        audit.changed(session, rule, "handed-over")
    return len(found)


async def _move_approvals(session: Session, hand_over: HandOverRef, limit: int) -> int:
    leaver = hand_over.employee_id
    found = await _locked(
        session,
        Approval,
        limit,
        Approval.state == ApprovalState.WAITING,
        type_coerce(Approval.levels, JSONB).contains([{"employee_id": str(leaver)}]),
    )
    for approval in found:
        approval.hand_over(leaver, hand_over.successor_id)
        audit.changed(session, approval, "handed-over")
        event = approval_events.requested(approval)
        outbox.add(session, event, sequence=approval.version)
    return len(found)


async def _locked(
    session: Session, model: type[Row], limit: int, *conditions: ColumnElement[bool]
) -> Sequence[Row]:
    """Return a lot of the tenant's rows that meet all conditions, locked in the order of ids."""
    query = select(model).where(model.tenant_id == session.context.tenant_id, *conditions)
    locked = query.order_by(model.id).limit(limit).with_for_update(key_share=True)
    return list(await session.scalars(locked))
