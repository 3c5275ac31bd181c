"""Reading opportunities."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, and_, cast, column, func, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from kehu_kernel.pagination import one_of
from kehu_kernel.session import Session
from kehu_sales.customers.queries import of_customer
from kehu_sales.db import among
from kehu_sales.opportunities.having_kinds import of_kinds
from kehu_sales.opportunities.history import Evaluation, PoolMove, StageEntry
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.promotion import Recorded
from kehu_sales.opportunities.schemas import (
    OpportunityFilters,
)
from kehu_sales.opportunities.words import Status
from kehu_sales.samples.models import COUNTING

SORT_COLUMNS = {
    "created_at": Opportunity.created_at,
    "number": Opportunity.number,
    "expected_close_on": Opportunity.expected_close_on,
    "expected_revenue": Opportunity.expected_revenue,
    "level": Opportunity.level_rank,
}
EXACT_FILTERS = (
    "stage_code", "owner_id", "department_id", "method_id", "lead_id", "number",
    "external_ref", "reported_by_id", "method_version", "level", "evaluator_id", "competitor_id",
)  # fmt: skip
NARROW_FILTERS = ("customer_id", "number", "external_ref", "lead_id")
"""What few opportunities have in common, and an index finds under row-level security, too."""
MOST = 10_000
"""Ids that are read, of which a page reads its opportunities: of more, the list in its order soon
fills a page."""
# A plan for any ids, made once: knowing how many there are, PostgreSQL would at times look through
# the list in its order all the same, which is long where they are at its end.
CANDIDATES = """
    SELECT ids, keys, CASE WHEN ids IS NOT NULL
        THEN set_config('plan_cache_mode', 'force_generic_plan', true) END
    FROM opportunity_candidates($1, $2, departments_in_sight(), $3, $4)
"""


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
    if filters.kind:
        query = query.where(of_kinds(filters.kind))
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


async def among_found(
    session: Session, query: Select[Opportunity], filters: OpportunityFilters
) -> tuple[Select[Opportunity], OpportunityFilters, type[Opportunity]]:
    """Return the query for the same opportunities, by their ids where topic or product is rare.

    And what to order them by: themselves, or the ids and keys that were found, in their order, so
    that only those of a page are read. Under row-level security no index finds them; a function
    finds the ids (ADR 0017). Where they are many, looking through the list in its order soon fills
    a page. Of the ids none is estimated: the planner would take them for another condition beside
    the topic, and make hardly one of them.
    """
    wide = all(getattr(filters, name) is None for name in NARROW_FILTERS)
    if not wide or (filters.q is None and filters.product_id is None):
        return query, filters, Opportunity
    key = SORT_COLUMNS[filters.sort.lstrip("-")]
    (found,) = await session.fetch(CANDIDATES, filters.q, filters.product_id, MOST, key.key)
    if found["ids"] is None:
        return query, filters, Opportunity
    # As text: many, unread.
    lists = (
        cast(cast(found[name], Text), ARRAY(one.type))
        for name, one in (("ids", Opportunity.id), ("keys", key))
    )
    columns = (column(one.key, one.type) for one in (Opportunity.id, key))
    rows = func.unnest(*lists).table_valued(*columns, name="found").render_derived()
    descending = filters.sort.startswith("-")
    order = [one.desc() if descending else one.asc() for one in (rows.c[key.key], rows.c.id)]
    if key.property.columns[0].nullable:  # as `paginate` orders, or all of them would be sorted
        order[0] = order[0].nulls_last()
    listed = aliased(
        Opportunity, select(rows).order_by(*order).subquery("listed"), adapt_on_names=True
    )
    counted = "exact" if filters.count == "estimated" else filters.count
    # What has moved in the order since it was found is left out: a page would go on behind it.
    in_place = key.is_not_distinct_from(getattr(listed, key.key))
    return (
        query.where(Opportunity.id == listed.id, in_place),
        filters.model_copy(update={"count": counted}),
        listed,
    )


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


LIVES = """
    WITH lives AS (
        SELECT o.id AS opportunity_id, o.stage_code, max(p.moved_at) AS since,
            greatest(o.opened_on, max(p.moved_on)) AS since_day
        FROM opportunities o
        LEFT JOIN opportunity_pool_moves p
            ON p.tenant_id = $1 AND p.opportunity_id = o.id AND p.move = 'taken_up'
        WHERE o.tenant_id = $1 AND o.id = ANY ($2::uuid[])
        GROUP BY o.id, o.opened_on, o.stage_code
    )
"""
"""Since which day each opportunity lives; and since when, if it was taken up from the pool."""
NO_DOCUMENT = "NULL::text"
COUNTED = """
    SELECT '{what}' AS what, r.opportunity_id, {stage} AS stage_code, {document} AS document,
        count(*)
    FROM {table} r JOIN lives ON lives.opportunity_id = r.opportunity_id
    WHERE r.tenant_id = $1 AND r.opportunity_id = ANY ($2::uuid[]) AND {stage} IS NOT NULL
        AND coalesce({recorded} >= lives.since, true)
        AND coalesce({day} >= lives.since_day, true) AND {counts}
    GROUP BY r.opportunity_id, {stage}, {document}
"""
WHERE_IT_IS = "CASE WHEN r.kind = 'contract' THEN lives.stage_code ELSE r.stage_code END"
IN_FORCE = """
    r.state = 'approved' AND (r.kind <> 'contract' OR EXISTS (
        SELECT FROM contracts c
        WHERE c.tenant_id = $1 AND c.id = r.document_id AND c.state IN ('approved', 'fulfilled')))
"""
"""What a contract is counted as: one that was signed early is signed in every stage after."""
RECORDED = LIVES + " UNION ALL ".join(
    COUNTED.format(
        what=what,
        table=table,
        recorded=recorded,
        day=day,
        counts=counts,
        document=document,
        stage=WHERE_IT_IS if what == "approvals" else "r.stage_code",
    )
    for what, table, recorded, day, counts, document in (
        ("activities", "activities", "r.created_at", "r.occurred_on", "true", NO_DOCUMENT),
        ("visits", "activities", "r.created_at", "r.occurred_on", "r.kind = 'visit'", NO_DOCUMENT),
        ("tasks", "tasks", "r.created_at", "r.finished_on", "r.status = 'completed'", NO_DOCUMENT),
        ("quotes", "quotes", "r.created_at", "r.quoted_on", "true", NO_DOCUMENT),
        (
            "samples",
            "samples",
            "NULL::timestamptz",
            "r.delivered_on",
            "r.state = ANY ($3::text[])",
            NO_DOCUMENT,
        ),
        (
            "approvals",
            "approvals",
            "r.approved_at",
            "NULL::date",
            IN_FORCE,
            "r.kind",
        ),
    )
)


async def recorded_in_stages(
    session: Session, opportunity_ids: Collection[UUID]
) -> Mapping[UUID, Mapping[str, Recorded]]:
    """Return what is recorded for each opportunity, by stage code. One statement.

    Samples count in the stage they were delivered in, whatever became of them since; documents in
    the stage they were approved in, unless they were un-approved; a contract in force in the stage
    the opportunity is in. What happened before the day it
    was opened does not count, however late it was typed in. What happened, or was recorded, before
    the opportunity was last taken up from the reserve pool counts no more: it went back to
    potential there, and goes through the gates anew (4 §5.3, L2906-2912).
    """
    if not opportunity_ids:
        return {}
    # Whoever promotes: what colleagues recorded, or submitted, counts as well.
    await session.see_all_rows()
    rows = await session.fetch(
        RECORDED, session.context.tenant_id, list(opportunity_ids), [*COUNTING]
    )
    await session.see_rows_in_scope()
    counts: dict[tuple[UUID, str], dict[str, Any]] = defaultdict(dict)
    for kind, opportunity_id, stage_code, document, number in rows:
        there = counts[opportunity_id, stage_code]
        there[kind] = there.get(kind, 0) + number
        if document is not None:
            there.setdefault("approved", set()).add(document)
    found: dict[UUID, dict[str, Recorded]] = defaultdict(dict)
    for (opportunity_id, stage_code), numbers in counts.items():
        found[opportunity_id][stage_code] = Recorded(**numbers)
    return found


AGREED = f"""{LIVES}
    SELECT o.id, coalesce(
        (SELECT sum(c.total) FROM contracts c
            WHERE c.tenant_id = $1 AND c.opportunity_id = o.id AND c.currency = o.currency
                AND c.state IN ('approved', 'fulfilled')
                AND coalesce(c.created_at >= lives.since, true)),
        (SELECT q.total FROM quotes q
            WHERE q.tenant_id = $1 AND q.opportunity_id = o.id AND q.currency = o.currency
                AND q.state IN ('accepted', 'sent', 'approved')
                AND coalesce(q.created_at >= lives.since, true)
            ORDER BY q.state <> 'accepted', q.state <> 'sent',
                coalesce(q.closed_on, q.sent_on) DESC NULLS LAST, q.created_at DESC LIMIT 1)
    ) AS total
    FROM opportunities o LEFT JOIN lives ON lives.opportunity_id = o.id
    WHERE o.tenant_id = $1 AND o.id = ANY ($2::uuid[])
"""  # noqa: S608 - our own words
"""What was agreed with the customer, in the opportunity's currency: contracts in force, or else the
quote that was accepted, or sent last, or is approved."""


async def agreed_amounts(
    session: Session, opportunity_ids: Collection[UUID]
) -> Mapping[UUID, Decimal]:
    """Return for how much each opportunity is sold, where anything was agreed. One statement.

    Nothing of a former life counts: whoever took it up from the reserve pool negotiates anew.
    """
    if not opportunity_ids:
        return {}
    await session.see_all_rows()  # whoever wins it: a colleague's contract counts as well
    rows = await session.fetch(AGREED, session.context.tenant_id, list(opportunity_ids))
    await session.see_rows_in_scope()
    return {row["id"]: row["total"] for row in rows if row["total"] is not None}


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
