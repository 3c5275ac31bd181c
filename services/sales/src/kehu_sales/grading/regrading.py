"""Grading opportunities again, whenever what their grade rests on has changed."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from uuid import UUID

from kehu_kernel import audit, outbox
from kehu_kernel.session import Session
from kehu_sales.customers.models import CustomerRef
from kehu_sales.customers.service import load_customers, survivor_of
from kehu_sales.grading import queries
from kehu_sales.grading.grade import Grade, explained, grade
from kehu_sales.grading.models import GradingScheme, OpportunityAssessment, unassessed
from kehu_sales.grading.scheme import Indicator, Scheme
from kehu_sales.methods.stages import Kind
from kehu_sales.opportunities import events
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Status

Known = tuple[GradingScheme, dict[UUID, OpportunityAssessment], dict[UUID, CustomerRef]]
Told = tuple[dict[str, object], dict[str, object]]
UNDER_WAY = (Status.NOT_EVALUATED, Status.IN_EVALUATION, Status.IN_PROGRESS)


def is_graded(opportunity: Opportunity) -> bool:
    """Whether it is graded: from effective on, as long as it is under way (L2854)."""
    return opportunity.status in UNDER_WAY and opportunity.kind.rank >= Kind.EFFECTIVE.rank


async def regrade(
    session: Session,
    opportunities: Iterable[Opportunity],
    *,
    today: date,
    known: Known | None = None,
    told: Told = ({}, {}),
) -> None:
    """Grade locked opportunities again, in the transaction of what changed them.

    Nothing happens where the tenant has no scheme. What was closed keeps the grade it had; what is
    under way and no longer effective loses it, and its time limit.
    `known`: the scheme, the assessments and the customers, where somebody loaded them already, the
    first two locked;
    `told`: what users said before and now, for the audit log.
    """
    opportunities = list(opportunities)
    graded = [one for one in opportunities if is_graded(one)]
    for opportunity in opportunities:
        if _is_potential_again(opportunity):
            await session.flush()  # as below
            _lose_level(session, opportunity, today=today)
    known = known or (await _load(session, graded) if graded else None)
    if known is None:
        return
    await session.flush()  # what was told of already is not told again as the grade's
    in_force, assessments, customers = known
    scheme = in_force.scheme
    for opportunity in graded:
        assessment = assessments.get(opportunity.id)
        if assessment is None:
            assessment = unassessed(opportunity.id)
            session.add(assessment)
        customer_id = opportunity.customer_id
        customer = customers.get(survivor_of(customers, customer_id)) if customer_id else None
        found = find_grade(scheme, opportunity, assessment, customer)
        _keep(session, assessment, in_force, found)
        _take(session, opportunity, assessment, scheme, found, today=today, told=told)


def _is_potential_again(opportunity: Opportunity) -> bool:
    """Whether it went back below effective, as to a stage of potential ones, with a level."""
    under_way = opportunity.status in UNDER_WAY
    return under_way and opportunity.level is not None and not is_graded(opportunity)


def _lose_level(session: Session, opportunity: Opportunity, *, today: date) -> None:
    """Be of no level any more, nor in time or late; tell of it."""
    former = opportunity.level
    opportunity.ungrade()
    fields = audit.changed(session, opportunity, "graded")
    event = events.graded(opportunity, fields, today, former_level=former, leader=None)
    outbox.add(session, event, sequence=opportunity.version)


async def _load(session: Session, opportunities: list[Opportunity]) -> Known | None:
    """Load what grades rest on: locked, and customers last, so that no mark `stale` is missed."""
    in_force = await queries.scheme_in_force(session, lock=True)
    if in_force is None:
        return None
    graded = [one.id for one in opportunities]
    assessments = await queries.assessments_of(session, graded, lock=True)
    customers = {one.customer_id for one in opportunities if one.customer_id}
    return in_force, assessments, await load_customers(session, customers)


def find_grade(
    scheme: Scheme,
    opportunity: Opportunity,
    assessment: OpportunityAssessment,
    customer: CustomerRef | None,
) -> Grade:
    """Return the grade, from what users entered, and what the records say where they did not.

    An amount in another currency than the scheme's is not compared: the explanation says so.
    """
    values = assessment.values()
    sources = dict.fromkeys(values, "entered")
    revenue = assessment.annual_revenue(opportunity.expected_revenue)
    if revenue and opportunity.currency != scheme.currency:
        sources[Indicator.PREDICTED_REVENUE] = "other_currency"
    elif revenue:
        values[Indicator.PREDICTED_REVENUE] = revenue
        sources[Indicator.PREDICTED_REVENUE] = "opportunity"
    value = scheme.customer_values.get((customer and customer.value_grade) or "")
    if value is not None and Indicator.CUSTOMER_VALUE not in values:
        values[Indicator.CUSTOMER_VALUE] = value
        sources[Indicator.CUSTOMER_VALUE] = "customer"
    return grade(scheme, values, social_influence=assessment.social_influence, sources=sources)


def _keep(
    session: Session, assessment: OpportunityAssessment, in_force: GradingScheme, found: Grade
) -> None:
    level = in_force.scheme.level(found.level) if found.level else None
    assessment.scheme_version, assessment.stale = in_force.version, False
    assessment.explanation, assessment.graded_at = explained(found), session.context.now
    assessment.leader_id = level.leader_id if level else None
    assessment.leader_role = level.leader_role if level else None
    assessment.handling_standard = level.handling_standard if level else None


def _take(
    session: Session,
    opportunity: Opportunity,
    assessment: OpportunityAssessment,
    scheme: Scheme,
    found: Grade,
    *,
    today: date,
    told: Told,
) -> None:
    """Give it its grade, and tell of it: by a name of its own if the level changed."""
    former = opportunity.level
    if found.level is None:
        opportunity.ungrade()
    else:
        opportunity.grade(found.level, scheme.rank(found.level), found.score, today)
        days: int | None = assessment.handling_days
        if days is None:
            days = scheme.level(found.level).handling_days
        opportunity.limit_handling(None if assessment.handled_on else days)
    fields = audit.changed(session, opportunity, "graded", assessment=told)
    if not fields:
        return
    fields = [name for name in fields if name != "assessment"]  # events do not carry it
    if opportunity.level == former:
        outbox.add(
            session, events.changed(opportunity, fields, today), sequence=opportunity.version
        )
        return
    event = events.graded(opportunity, fields, today, former_level=former, leader=assessment)
    outbox.add(session, event, sequence=opportunity.version)


def as_text(value: Decimal | None) -> str | None:
    """Return a number as the log and jsonb columns hold it."""
    return None if value is None else format(value, "f")
