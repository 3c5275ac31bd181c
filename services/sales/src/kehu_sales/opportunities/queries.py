"""Reading opportunities."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    CompoundSelect,
    Select,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from kehu_kernel.pagination import one_of
from kehu_kernel.session import Session
from kehu_sales.activities.models import Activity, ActivityKind
from kehu_sales.approvals.models import Approval, ApprovalState, DocumentKind
from kehu_sales.customers.queries import of_customer
from kehu_sales.db import among
from kehu_sales.opportunities.history import TAKEN_UP, Evaluation, PoolMove, StageEntry
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.promotion import Recorded
from kehu_sales.opportunities.schemas import (
    OpportunityFilters,
)
from kehu_sales.opportunities.words import Status
from kehu_sales.quotes.models import Quote
from kehu_sales.samples.models import COUNTING, Sample
from kehu_sales.tasks.models import Task, TaskStatus

SORT_COLUMNS = {
    "created_at": Opportunity.created_at,
    "number": Opportunity.number,
    "expected_close_on": Opportunity.expected_close_on,
    "expected_revenue": Opportunity.expected_revenue,
    "level": Opportunity.level_rank,
}
NO_DOCUMENT = cast(null(), Text)
EXACT_FILTERS = (
    "stage_code", "owner_id", "department_id", "method_id", "lead_id", "number",
    "external_ref", "reported_by_id", "method_version", "level",
)  # fmt: skip


def matching(tenant_id: str, filters: OpportunityFilters, today: date) -> Select[Opportunity]:
    """Return the query for the opportunities that match all filters, on that day."""
    query = select(Opportunity).where(Opportunity.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Opportunity, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(Opportunity.customer_id, tenant_id, filters.customer_id))
    if filters.status:
        query = query.where(one_of(Opportunity.status, filters.status))
    if filters.overdue is not None:
        overdue = and_(Opportunity.status == Status.IN_PROGRESS, Opportunity.stage_due_on < today)
        query = query.where(
            overdue if filters.overdue else func.coalesce(overdue, False).is_(False)
        )
    if filters.handling_overdue is not None:
        late = func.coalesce(Opportunity.handle_by_on < today, False)
        query = query.where(late.is_(filters.handling_overdue))
    if filters.product_id is not None:
        line = [{"product_id": str(filters.product_id)}]
        query = query.where(type_coerce(Opportunity.lines, JSONB).contains(line))
    if filters.expected_close_from is not None:
        query = query.where(Opportunity.expected_close_on >= filters.expected_close_from)
    if filters.expected_close_to is not None:
        query = query.where(Opportunity.expected_close_on <= filters.expected_close_to)
    if filters.q is not None:
        query = query.where(Opportunity.topic.icontains(filters.q, autoescape=True))
    return query


async def evaluations_of(session: Session, opportunity_id: UUID) -> list[Evaluation]:
    """Return every decision about the opportunity, oldest first."""
    rows = await session.scalars(
        select(Evaluation)
        .where(
            Evaluation.tenant_id == session.context.tenant_id,
            Evaluation.opportunity_id == opportunity_id,
        )
        .order_by(Evaluation.round)
    )
    return list(rows)


async def stages_of(session: Session, opportunity_id: UUID) -> list[StageEntry]:
    """Return every stage the opportunity has entered, in order.

    Entries without a version are the oldest, and went forward only.
    """
    rows = await session.scalars(
        select(StageEntry)
        .where(
            StageEntry.tenant_id == session.context.tenant_id,
            StageEntry.opportunity_id == opportunity_id,
        )
        .order_by(StageEntry.opportunity_version.nulls_first(), StageEntry.position)
    )
    return list(rows)


async def pool_moves_of(session: Session, opportunity_id: UUID) -> list[PoolMove]:
    """Return every way of the opportunity into the reserve pool and out of it, in order."""
    rows = await session.scalars(
        select(PoolMove)
        .where(
            PoolMove.tenant_id == session.context.tenant_id,
            PoolMove.opportunity_id == opportunity_id,
        )
        .order_by(PoolMove.opportunity_version)
    )
    return list(rows)


async def recorded_in_stages(
    session: Session, opportunity_ids: Collection[UUID]
) -> Mapping[UUID, Mapping[str, Recorded]]:
    """Return what is recorded for each opportunity, by stage code. One statement.

    Samples count in the stage they were delivered in, whatever became of them since; documents in
    the stage they were approved in, unless they were un-approved. What was recorded before the
    opportunity was last taken up from the reserve pool counts no more: it went back to potential
    there, and goes through the gates anew (4 §5.3, L2906-2912).
    """
    if not opportunity_ids:
        return {}
    rows = await session.execute(_counted(session.context.tenant_id, opportunity_ids))
    counts: dict[tuple[UUID, str], dict[str, Any]] = defaultdict(dict)
    for kind, opportunity_id, stage_code, document, number in rows:
        there = counts[opportunity_id, stage_code]
        there[kind] = there.get(kind, 0) + number
        if document is not None:
            there.setdefault("approved", set()).add(DocumentKind(document))
    found: dict[UUID, dict[str, Recorded]] = defaultdict(dict)
    for (opportunity_id, stage_code), numbers in counts.items():
        found[opportunity_id][stage_code] = Recorded(**numbers)
    return found


def _lives(tenant_id: str, opportunity_ids: Collection[UUID]) -> CTE:
    """Return since when each opportunity lives that was taken up from the pool."""
    return (
        select(
            PoolMove.opportunity_id,
            func.max(PoolMove.moved_at).label("since"),
            func.max(PoolMove.moved_on).label("since_day"),
        )
        .where(
            PoolMove.tenant_id == tenant_id,
            among(PoolMove.opportunity_id, opportunity_ids),
            PoolMove.move == TAKEN_UP,
        )
        .group_by(PoolMove.opportunity_id)
        .cte("lives")
    )


def _counted(tenant_id: str, opportunity_ids: Collection[UUID]) -> CompoundSelect[Any]:
    lives = _lives(tenant_id, opportunity_ids)

    def count(
        kind: str, model: Any, this_life: Any, *only: Any, document: Any = NO_DOCUMENT
    ) -> Select[Any]:
        stay = (model.opportunity_id, model.stage_code, document)
        return (
            select(literal(kind).label("kind"), *stay, func.count())
            .outerjoin_from(model, lives, lives.c.opportunity_id == model.opportunity_id)
            .where(
                model.tenant_id == tenant_id,
                among(model.opportunity_id, opportunity_ids),
                model.stage_code.is_not(None),
                func.coalesce(this_life, True),
                *only,
            )
            .group_by(*stay)
        )

    activity = Activity.created_at >= lives.c.since
    return union_all(
        count("activities", Activity, activity),
        count("visits", Activity, activity, Activity.kind == ActivityKind.VISIT),
        count("tasks", Task, Task.created_at >= lives.c.since, Task.status == TaskStatus.COMPLETED),
        count("quotes", Quote, Quote.created_at >= lives.c.since),
        count(
            "samples",
            Sample,
            Sample.delivered_on >= lives.c.since_day,
            Sample.state.in_(COUNTING),
        ),
        count(
            "approvals",
            Approval,
            Approval.approved_at >= lives.c.since,
            Approval.state == ApprovalState.APPROVED,
            document=Approval.kind,
        ),
    )


async def taken_references(session: Session, references: Collection[str]) -> set[str]:
    """Return which of these external references belong to an opportunity already."""
    if not references:
        return set()
    rows = await session.scalars(
        select(Opportunity.external_ref).where(
            Opportunity.tenant_id == session.context.tenant_id,
            among(Opportunity.external_ref, references),
        )
    )
    return {reference for reference in rows if reference is not None}
