"""What can be done with a hand-over. Each function runs in one transaction.

Customers are locked in the order of their ids, then employees, as everywhere.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select

from kehu_contracts.access import RowScope
from kehu_customer.classifications.ruling import follow_rules_together
from kehu_customer.departments.errors import UnknownDepartment
from kehu_customer.employees.models import Employee
from kehu_customer.hand_overs import events, queries
from kehu_customer.hand_overs.errors import SuccessorUnfit, UnknownLeaver
from kehu_customer.hand_overs.models import HandOver, HandOverState
from kehu_customer.hand_overs.schemas import HandOverCreate, HandOverFilters, HandOverRead
from kehu_customer.ownership.models import OwnershipManner
from kehu_customer.ownership.queries import in_row_scope
from kehu_customer.ownership.service import pass_on
from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def start_hand_over(session: Session, data: HandOverCreate) -> HandOver:
    """Record that everything of a leaver is to be handed over; the worker does it.

    Raises `UnknownLeaver`, `OutsideRowScope`, `SuccessorUnfit`, `UnknownDepartment`,
    `HandOversCross`; the database refuses a second one of the same leaver while one is running.
    """
    await _take_turns(session)
    key = (session.context.tenant_id, data.employee_id)
    leaver = await session.get(Employee, key)
    if leaver is None:
        raise UnknownLeaver
    if not await in_row_scope(session, leaver):
        raise OutsideRowScope
    expected = await _count_all(session, data.employee_id)
    hand_over = HandOver(
        **data.model_dump(exclude={"shares"}),
        shares=[share.model_dump(mode="json") for share in data.shares],
        state=HandOverState.RUNNING,
        expected=expected,
        requested_by=session.context.actor,
        request_id=session.context.request_id,
        traceparent=session.context.traceparent,
    )
    hand_over.require_others()
    hand_over.require_uncrossed(await queries.running_here(session))
    departments = [share.department_id for share in data.shares]
    if departments and await queries.count_departments(session, departments) < len(departments):
        raise UnknownDepartment
    successors = await queries.employees(session, hand_over.successors())
    require_fit(hand_over, successors)
    audit.created(session, hand_over)
    event = events.started(hand_over, successors)
    outbox.add(session, event, sequence=hand_over.version)
    return hand_over


async def move_batch(session: Session, hand_over_id: UUID, *, limit: int) -> int:
    """Hand the next customers over; complete the hand-over when none is left. Return how many.

    Repeating it after a crash goes on where the last commit ended. A successor who has left makes
    the hand-over fail.
    """
    hand_over = await queries.take(session, hand_over_id)
    if hand_over is None:
        return 0
    customers = await queries.next_customers(session, hand_over.employee_id, limit)
    if not customers:
        # Whoever gives the leaver a customer holds the leaver's row: after this nobody does.
        await require(session, Employee, hand_over.employee_id, lock=True)
        customers = await queries.next_customers(session, hand_over.employee_id, limit)
    successors = await queries.employees(session, hand_over.successors())
    try:
        require_fit(hand_over, successors)
    except SuccessorUnfit as error:
        hand_over.fail(error.code)
        fields = audit.changed(session, hand_over, "failed")
        event = events.failed(hand_over, successors, fields)
        outbox.add(session, event, sequence=hand_over.version)
        return 0
    if not customers:
        hand_over.complete()
        fields = audit.changed(session, hand_over, "completed")
        done = events.completed(hand_over, successors, fields)
        outbox.add(session, done, sequence=hand_over.version)
        return 0
    for customer in customers:
        pass_on(
            session,
            customer,
            successors[hand_over.successor_in(customer.department_id)],
            manner=OwnershipManner.LEAVER,
            reason=hand_over.reason,
            hand_over_id=hand_over.id,
        )
    await follow_rules_together(session, customers)
    return len(customers)


def require_fit(hand_over: HandOver, successors: Mapping[UUID, Employee]) -> None:
    """Refuse a successor who does not work here. Raises `SuccessorUnfit`."""
    for successor_id in hand_over.successors():
        if successor_id not in successors or not successors[successor_id].active:
            raise SuccessorUnfit


async def show(session: Session, hand_over: HandOver) -> HandOverRead:
    """Return a hand-over as the API shows it, with what it has moved and what is left."""
    moved, left = (await _progress_of(session, [hand_over]))[hand_over.id]
    return HandOverRead.of(hand_over, moved=moved, left=left)


async def list_hand_overs(
    session: Session, filters: HandOverFilters
) -> tuple[list[HandOverRead], str | None, int | None]:
    """Return one page of the hand-overs that match, the next cursor, and the count if asked."""
    found, cursor, count = await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=HandOver.id,
    )
    progress = await _progress_of(session, found)
    items = [
        HandOverRead.of(one, moved=progress[one.id][0], left=progress[one.id][1]) for one in found
    ]
    return items, cursor, count


async def _progress_of(
    session: Session, hand_overs: Sequence[HandOver]
) -> dict[UUID, tuple[int, int]]:
    """Count, as `expected` was counted, all customers: what moved may be out of sight by now."""
    await session.see_all_rows()
    progress = await queries.progress_of(session, hand_overs)
    await session.see_rows_in_scope()
    return progress


async def _take_turns(session: Session) -> None:
    """Make starts of hand-overs take turns: two at once could cross, and neither would see it.

    To be called before any row is locked, or two starts could wait for each other.
    """
    starts = f"hand-overs:{session.context.tenant_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(starts))))


async def _count_all(session: Session, employee_id: UUID) -> int:
    """Return how many customers go; from here on the transaction sees all rows.

    A customer keeps the department of its own hand-over when the owner moves to another one. Raises
    `OutsideRowScope` if the caller does not see them all.
    """
    count = await queries.count_of(session, employee_id)
    if session.context.row_scope != RowScope.ALL:
        await session.see_all_rows()
        if await queries.count_of(session, employee_id) != count:
            raise OutsideRowScope
    return count
