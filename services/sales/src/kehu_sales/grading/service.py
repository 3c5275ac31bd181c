"""What can be done about grades. One function per command; each runs in one transaction."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from kehu_contracts.customer import CustomerValueRecorded
from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_sales import policies
from kehu_sales.customers.service import load_customers
from kehu_sales.db import among
from kehu_sales.directory.service import require_employee
from kehu_sales.grading import queries
from kehu_sales.grading.ahp import judge, not_reciprocal
from kehu_sales.grading.errors import (
    GradingNotSetUp,
    JudgementsInconsistent,
    MatrixNotReciprocal,
    NotEffectiveYet,
    WeightsUnsound,
)
from kehu_sales.grading.models import (
    GradingScheme,
    GradingSchemeVersion,
    GradingWalk,
    OpportunityAssessment,
    unassessed,
)
from kehu_sales.grading.regrading import as_text, is_graded, regrade
from kehu_sales.grading.schemas import AssessmentInput, SchemeUpdate
from kehu_sales.grading.scheme import (
    LARGEST_RATIO,
    Indicator,
    plain,
    require_once,
    require_shorter_limits,
    scheme_from,
)
from kehu_sales.opportunities import events
from kehu_sales.opportunities.models import Opportunity

NAMES = tuple(Indicator)
FIRST = UUID(int=0)
TEN_THOUSANDTH = Decimal("0.0001")
OLDER = """
    WITH lot AS (
        SELECT o.id FROM opportunities o
        WHERE o.tenant_id = $1 AND o.id > $2
            AND (o.status = 'in_progress'
                OR o.status IN ('not_evaluated', 'in_evaluation') AND o.confirmed_on IS NOT NULL)
        ORDER BY o.id LIMIT $4
    )
    SELECT lot.id, a.scheme_version IS NULL OR a.scheme_version < $3 AS older
    FROM lot
    LEFT JOIN opportunity_assessments a ON a.tenant_id = $1 AND a.opportunity_id = lot.id
    ORDER BY lot.id
"""
"""The next of those that are graded, by their partial index, and whether by a scheme of before."""

STALE = """
    SELECT free.id
    FROM (
        SELECT a.opportunity_id FROM opportunity_assessments a
        WHERE a.tenant_id = $1 AND a.stale
        ORDER BY a.opportunity_id
    ) asking
    CROSS JOIN LATERAL (
        SELECT o.id FROM opportunities o
        WHERE o.tenant_id = $1 AND o.id = asking.opportunity_id
        FOR NO KEY UPDATE SKIP LOCKED
    ) free
    LIMIT $2
"""
"""The first that are stale, locked one by one: what others hold leaves its place to the next."""

OF_CUSTOMERS = """
    WITH theirs AS (
        SELECT a.tenant_id, a.id
        FROM unnest($1::text[], $2::uuid[]) AS told (tenant_id, customer_id)
        CROSS JOIN LATERAL (
            SELECT told.customer_id AS id
            UNION ALL
            SELECT c.id FROM customer_refs c
            WHERE c.tenant_id = told.tenant_id AND c.merged_into_id = told.customer_id
        ) customer
        JOIN opportunities o ON o.tenant_id = told.tenant_id AND o.customer_id = customer.id
            AND o.status IN ('not_evaluated', 'in_evaluation', 'in_progress')
        JOIN opportunity_assessments a ON a.tenant_id = o.tenant_id AND a.opportunity_id = o.id
        ORDER BY a.tenant_id, a.opportunity_id
        FOR NO KEY UPDATE OF a
    )
    UPDATE opportunity_assessments a SET stale = true FROM theirs
    WHERE a.tenant_id = theirs.tenant_id AND a.id = theirs.id
"""
"""Marks also what is marked: who grades it now may have read the customer's former value.

Opportunities of customers that were merged into one go by the value of that one.
"""


async def change_scheme(
    session: Session, data: SchemeUpdate, *, currency: str, expected_version: int
) -> GradingScheme:
    """Change the scheme; the first change, even of nothing, puts the defaults in force.

    Amounts are in `currency` until the scheme names one.
    Grades say by which version they were made; the worker walks through those of older ones, lot
    by lot, however many there are. Raises what `Scheme.require_sound` raises, `SchemeRepeats`,
    `LimitNotShorter`, `UnknownEmployee`, `MatrixNotReciprocal`, `JudgementsInconsistent`. Of two
    first changes the database lets one win.
    """
    found = await queries.scheme_or_default(session, currency=currency)
    decided = found.version > 0
    if decided:
        found = await require(
            session, GradingScheme, found.id, lock=True, expected_version=expected_version
        )
    elif expected_version != 0:
        raise VersionConflict(current=0, expected=expected_version)
    past = _past(session, found)
    if data.largest_ratio is not None:
        found.largest_ratio = data.largest_ratio
    standards = data.replaced(found.content["standards"])
    parts = data.parts() | {"standards": standards} | _weigh(found, data)
    scheme = scheme_from({**found.content, **parts})
    scheme.require_sound()
    if data.levels is not None:
        require_shorter_limits(scheme.levels)
    require_once(data.places())
    for level in data.levels or ():
        if level.leader_id is not None:
            await require_employee(session, level.leader_id)
    found.content = plain(scheme)
    if not decided:
        policies.created(session, found)
    elif policies.changed(session, found):
        session.add(past)
    else:
        return found
    session.add(GradingWalk(after_id=FIRST))
    return found


def _weigh(found: GradingScheme, data: SchemeUpdate) -> dict[str, Any]:
    """Take weights, or a matrix they follow from; return the weights as the scheme holds them."""
    if data.weights is not None and data.matrix is not None:
        raise WeightsUnsound
    if data.weights is not None:
        found.matrix = found.consistency_ratio = None
        return {"weights": {name: as_text(one) for name, one in data.weights.model_dump().items()}}
    written = data.matrix or found.matrix
    if written is None or (data.matrix is None and data.largest_ratio is None):
        return {}
    limit = min(found.largest_ratio, LARGEST_RATIO)  # also of a scheme from before the cap
    weights, ratio = weigh([[Fraction(one) for one in row] for row in written], limit)
    found.matrix, found.consistency_ratio = written, ratio
    return {"weights": {name: as_text(one) for name, one in zip(NAMES, weights, strict=True)}}


def weigh(
    matrix: list[list[Fraction]], largest_ratio: Decimal
) -> tuple[tuple[Decimal, ...], Decimal]:
    """Return the weights that follow from judgements, and their consistency ratio.

    Raises `MatrixNotReciprocal`, or `JudgementsInconsistent` above the largest ratio, which names
    the pair to look at first.
    """
    broken = not_reciprocal(matrix)
    if broken is not None:
        raise MatrixNotReciprocal(first=NAMES[broken[0]].value, second=NAMES[broken[1]].value)
    judged = judge(matrix)
    ratio = Decimal(judged.consistency_ratio).quantize(TEN_THOUSANDTH)
    if ratio > largest_ratio:
        first, second = (NAMES[place].value for place in judged.worst)
        numbers = {"ratio": str(ratio), "limit": format(largest_ratio.normalize(), "f"),
                   "given": f"{judged.given:.2f}", "implied": f"{judged.implied:.2f}"}  # fmt: skip
        raise JudgementsInconsistent(
            first=first, second=second, **numbers,
            extra={"first": first, "second": second, **numbers},
        )  # fmt: skip
    return judged.weights, ratio


def _past(session: Session, found: GradingScheme) -> GradingSchemeVersion:
    return GradingSchemeVersion(
        number=found.version,
        content=found.content,
        matrix=found.matrix,
        consistency_ratio=found.consistency_ratio,
        largest_ratio=found.largest_ratio,
        valid_until=session.context.now,
        superseded_by=session.context.actor,
    )


async def assess(
    session: Session,
    opportunity_id: UUID,
    data: AssessmentInput,
    *,
    today: date,
    expected_version: int,
) -> tuple[Opportunity, OpportunityAssessment]:
    """Say what the indicators of an opportunity are worth; it is graded at once.

    Raises `GradingNotSetUp`, `NotEffectiveYet`, `DateInFuture`, `DateBeforePrevious`,
    `ValueOutsideScale`, or what `require_open` raises.
    """
    opportunity = await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )
    opportunity.require_open()
    in_force = await queries.scheme_in_force(session, lock=True)
    if in_force is None:
        raise GradingNotSetUp
    if not is_graded(opportunity):
        raise NotEffectiveYet(number=opportunity.number)
    business_day.happened(data.handled_on, today)
    if data.handled_on is not None:
        business_day.follows(data.handled_on, opportunity.opened_on)
    known = await queries.assessments_of(session, [opportunity_id], lock=True)
    assessment = known.get(opportunity_id)
    if assessment is None:
        assessment = unassessed(opportunity_id)
        session.add(assessment)
        known[opportunity_id] = assessment
    before = _said(assessment)
    _say(assessment, data)
    in_force.scheme.require_on_scale(assessment.values())
    told = (before, _said(assessment))
    customers = await load_customers(
        session, [opportunity.customer_id] if opportunity.customer_id else []
    )
    await regrade(
        session, [opportunity], today=today, known=(in_force, known, customers), told=told
    )
    return opportunity, assessment


def _said(assessment: OpportunityAssessment) -> dict[str, object]:
    """Return what users say, as the audit log shows it."""
    said = {
        **assessment.entered,
        "contract_annual_revenue": as_text(assessment.contract_annual_revenue),
        "one_off_revenue": as_text(assessment.one_off_revenue),
        "social_influence": assessment.social_influence or None,
        "handling_days": assessment.handling_days,
        "handled_on": assessment.handled_on and str(assessment.handled_on),
    }
    return {name: value for name, value in said.items() if value is not None}


def _say(assessment: OpportunityAssessment, data: AssessmentInput) -> None:
    values = data.values.model_dump()
    assessment.entered = {
        name: as_text(value) for name, value in values.items() if value is not None
    }
    for name in ("contract_annual_revenue", "one_off_revenue", "social_influence",
                 "handling_days", "handled_on"):  # fmt: skip
        setattr(assessment, name, getattr(data, name))


async def read_grade(
    session: Session, opportunity_id: UUID
) -> tuple[Opportunity, OpportunityAssessment, bool]:
    """Return an opportunity, why it is of its level, and whether it is to be graded again.

    One that nobody graded says nothing.
    """
    opportunity = await require(session, Opportunity, opportunity_id)
    in_force = await queries.scheme_in_force(session)
    known = await queries.assessments_of(session, [opportunity_id])
    assessment = known.get(opportunity_id) or unassessed(opportunity_id)
    older = in_force is not None and assessment.scheme_version < in_force.version
    return opportunity, assessment, is_graded(opportunity) and (older or assessment.stale)


async def regrade_older(session: Session, limit: int, *, today: date) -> int:
    """Walk on through what is graded: by a scheme of before, it is graded again.

    Returns how many were looked at. A scheme begins a walk, and its place is kept with each lot; a
    walk that an even newer scheme overtook ends, as that one begins at the first again. What is
    opened meanwhile is graded by the scheme in force anyway.
    """
    walks = await session.scalars(
        select(GradingWalk)
        .where(GradingWalk.tenant_id == session.context.tenant_id)
        .order_by(GradingWalk.id.desc())
        .with_for_update(skip_locked=True)
    )
    in_force = await queries.scheme_in_force(session)
    if not walks or in_force is None:
        return 0
    walk = walks[0]
    tenant_id = session.context.tenant_id
    lot = await session.fetch(OLDER, tenant_id, walk.after_id, in_force.version, limit)
    older = await session.scalars(
        select(Opportunity)
        .where(
            Opportunity.tenant_id == tenant_id,
            among(Opportunity.id, [row["id"] for row in lot if row["older"]]),
        )
        .order_by(Opportunity.id)
        .with_for_update(key_share=True)
    )
    await regrade(session, older, today=today)
    over = walks[1:]
    if len(lot) < limit:
        over = walks
    else:
        walk.after_id = lot[-1]["id"]
        await session.flush()
    await session.execute(
        delete(GradingWalk).where(
            GradingWalk.tenant_id == tenant_id, among(GradingWalk.id, [one.id for one in over])
        )
    )
    return len(lot)


async def regrade_stale(session: Session, limit: int, *, today: date) -> int:
    """Grade what a customer's new value has made stale; return how many.

    At most `limit`; what others hold locked is left for later, and keeps nobody else waiting.
    """
    tenant_id = session.context.tenant_id
    lot = [row["id"] for row in await session.fetch(STALE, tenant_id, limit)]
    rows = await session.scalars(
        select(Opportunity)
        .where(Opportunity.tenant_id == tenant_id, among(Opportunity.id, lot))
        .order_by(Opportunity.id)
        .with_for_update(key_share=True)
    )
    if not rows:
        return 0
    await queries.scheme_in_force(session, lock=True)
    known = await queries.assessments_of(session, [one.id for one in rows], lock=True)
    for assessment in known.values():
        assessment.stale = False  # also of what is graded no more
    await regrade(session, rows, today=today)
    return len(rows)


async def tell_handling_overdue(session: Session, limit: int, *, today: date) -> int:
    """Tell of opportunities past the handling time limit of their level, once per level.

    Returns how many it told of, at most `limit`; what others hold locked is left for later.
    """
    rows = await session.scalars(
        select(Opportunity)
        .where(
            Opportunity.tenant_id == session.context.tenant_id,
            Opportunity.handle_by_on < today,
            ~Opportunity.handling_overdue_told,
        )
        .order_by(Opportunity.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    leaders = await queries.assessments_of(session, [one.id for one in rows]) if rows else {}
    for opportunity in rows:
        opportunity.handling_overdue_told = True
        fields = audit.changed(session, opportunity, "handling-overdue")
        leader = leaders.get(opportunity.id) or unassessed(opportunity.id)
        event = events.handling_overdue(opportunity, fields, today, leader)
        outbox.add(session, event, sequence=opportunity.version)
    return len(rows)


async def hand_over_leader(session: Session, leaver: UUID, successor_id: UUID) -> int:
    """Let a successor answer for the levels a leaver answered for; return how many schemes."""
    found: GradingScheme | None = await session.scalar(
        select(GradingScheme)
        .where(
            GradingScheme.tenant_id == session.context.tenant_id,
            GradingScheme.content.contains({"levels": [{"leader_id": str(leaver)}]}),
        )
        .with_for_update(key_share=True)
    )
    if found is None:
        return 0
    past = _past(session, found)
    levels = [
        one | {"leader_id": str(successor_id)} if one["leader_id"] == str(leaver) else one
        for one in found.content["levels"]
    ]
    found.content = found.content | {"levels": levels}
    audit.changed(session, found, "handed-over")
    session.add(past)
    session.add(GradingWalk(after_id=FIRST))
    return 1


async def mark_customers(session: Session, facts: Iterable[Fact]) -> None:
    """Have opportunities graded again whose customer's value was told; the session is the worker's.

    The worker that grades compares: where the value stayed the same, nothing changes.
    """
    told = {
        (envelope.tenant_id, event.customer_id)
        for event, envelope in facts
        if isinstance(event, CustomerValueRecorded)
    }
    if told:
        tenants, customers = zip(*sorted(told), strict=True)
        await session.fetch(OF_CUSTOMERS, list(tenants), list(customers))
