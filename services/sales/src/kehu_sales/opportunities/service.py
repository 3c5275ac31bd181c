"""What can be done with an opportunity. One function per command; each runs in one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from kehu_kernel import audit, business_day, ids, numbering, outbox
from kehu_kernel.context import Actor
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.assignment import service as assignment
from kehu_sales.close_reasons.models import Outcome
from kehu_sales.close_reasons.service import require_reason
from kehu_sales.collisions.entry import counts, enter, enter_all, watch_over
from kehu_sales.collisions.models import Collision
from kehu_sales.competitors.errors import UnknownCompetitor
from kehu_sales.competitors.models import Competitor
from kehu_sales.competitors.queries import load_competitors
from kehu_sales.customers.service import load_customers, require_customer
from kehu_sales.directory.service import department_of, load_staff, require_newly_named
from kehu_sales.grading.queries import require_level
from kehu_sales.grading.regrading import regrade
from kehu_sales.methods.models import Method
from kehu_sales.methods.queries import load_methods, past_versions
from kehu_sales.methods.stages import Control, Stage
from kehu_sales.opportunities import decisions, events, queries
from kehu_sales.opportunities.decisions import Known
from kehu_sales.opportunities.errors import RevenueIsSumOfLines
from kehu_sales.opportunities.history import TAKEN_UP, Evaluation, StageEntry
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.promotion import Recorded
from kehu_sales.opportunities.schemas import (
    OpportunityCreate,
    OpportunityEvaluation,
    OpportunityFilters,
    OpportunityLoss,
    OpportunityPromotion,
    OpportunitySubmission,
    OpportunityUpdate,
    OpportunityWin,
)
from kehu_sales.products.queries import load_products
from kehu_sales.references import reference

NUMBER_PREFIX = "OPP"
COLLIDING = {"customer_id", "owner_id", "department_id", "lines"}
"""What may make an opportunity collide with another one."""

FACT_DAYS = ("need_confirmed_on", "feasibility_passed_on", "solution_accepted_on")
"""Days of what gates ask for, as somebody says them."""


async def create_opportunity(
    session: Session,
    data: OpportunityCreate,
    *,
    today: date,
    currency: str,
    reporter_id: UUID | None = None,
    allowed_collision: str | None = None,
) -> tuple[Opportunity, list[Collision]]:
    """Open an opportunity, numbered by the year it was opened in; return what it collides with.

    `allowed_collision` says why one is entered that collides. Raises what `decisions.prepare` and
    `collisions.entry.enter` raise; the database refuses an external reference that is taken.
    """
    known = Known(
        customers=await load_customers(session, [data.customer_id] if data.customer_id else []),
        products=await load_products(session, {line.product_id for line in data.lines}),
        methods=await load_methods(
            session, [data.method_id] if data.method_id else [], default=data.method_id is None
        ),
        competitors=await load_competitors(
            session, [data.competitor_id] if data.competitor_id else []
        ),
        staff=await load_staff(session, [data.owner_id], [data.department_id]),
    )
    opportunity = decisions.prepare(
        data, known, today=today, currency=currency, reporter_id=reporter_id
    )
    opportunity.id = ids.new_id()
    to_assign = await assignment.due(session, opportunity, asked=data.assign)
    # Related customers, then our number, then those of collisions: everybody in this order.
    worked_on = to_assign or counts(opportunity)
    watch = await watch_over(session, [opportunity.customer_id]) if worked_on else None
    number = await numbering.next_number(session, NUMBER_PREFIX, year=opportunity.opened_on.year)
    found: list[Collision] = []
    if watch is not None and not to_assign:
        found = await enter_all(
            session, watch, [opportunity], today=today, allowed=allowed_collision, are_new=True
        )
    decisions.enter(session, opportunity, number)
    if to_assign:
        found = await assignment.assign_new(
            session, opportunity, today=today, asked=data.assign, allowed=allowed_collision
        )
    return opportunity, found


async def change_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunityUpdate,
    *,
    today: date,
    expected_version: int,
    allowed_collision: str | None = None,
) -> tuple[Opportunity, list[Collision]]:
    """Change potential information or product lines. Return what it collides with, if that changed.

    Raises `OpportunityCollides`, `OpportunityIsClosed`, `EvaluationHasFailed`, `OpportunityInPool`,
    `RevenueIsSumOfLines`, `UnknownCustomer`, `CustomerHasEnded`, `UnknownCompetitor`,
    `DateInFuture`, `DateBeforePrevious`, or what `decisions.priced` and `require_newly_named`
    raise.
    """
    opportunity = await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )
    opportunity.require_open()
    if data.customer_id is not None and data.customer_id != opportunity.customer_id:
        await require_customer(session, data.customer_id)
    if data.competitor_id is not None:
        await reference(session, Competitor, data.competitor_id, UnknownCompetitor)
    given = data.given()
    await require_newly_named(session, opportunity, given, "owner_id")
    await _expect(session, opportunity, data)
    await _require_of_this_life(session, opportunity, data, today)
    given_away = given.keys() & {"owner_id", "department_id"}
    if given_away:
        opportunity.require_not_pooled()
    if "owner_id" in given and data.owner_id != opportunity.owner_id:
        theirs = await department_of(session, data.owner_id) or opportunity.department_id
        given = {"department_id": theirs} | given
    for name in given.keys() - {"lines", "expected_revenue", "buying_committee"}:
        setattr(opportunity, name, given[name])
    if data.buying_committee is not None:
        opportunity.buying_committee = data.members()
    found: list[Collision] = []
    if given.keys() & COLLIDING:
        found = await enter(session, opportunity, today=today, allowed=allowed_collision)
    if given_away:
        await session.see_all_rows()  # what one looks after one may give away, also out of sight
    fields = audit.changed(session, opportunity, "changed")
    if fields:
        event = events.changed(opportunity, fields, today)
        outbox.add(session, event, sequence=opportunity.version)
        await regrade(session, [opportunity], today=today)
    return opportunity, found


async def _require_of_this_life(
    session: Session, opportunity: Opportunity, data: OpportunityUpdate, today: date
) -> None:
    """Refuse facts of the future, and of before it was opened, or last taken up from the pool.

    As records do (`queries.recorded_in_stages`), facts open the gates of one life only; what is on
    record may be said again. Raises `DateInFuture`, `DateBeforePrevious`.
    """
    said = ((getattr(data, name), getattr(opportunity, name)) for name in FACT_DAYS)
    days = [business_day.happened(on, today) for on, was in said if on is not None and on != was]
    if not days:
        return
    moves = await queries.pool_moves_of(session, opportunity.id)
    taken_up = [one.moved_on for one in moves if one.move == TAKEN_UP]
    for on in days:
        business_day.follows(on, max([opportunity.opened_on, *taken_up]))


async def _expect(session: Session, opportunity: Opportunity, data: OpportunityUpdate) -> None:
    """Change what is asked for, and so the expected revenue.

    Raises `RevenueIsSumOfLines`, or what `decisions.priced` raises.
    """
    lines = opportunity.lines if data.lines is None else data.lines
    if lines and data.expected_revenue is not None:
        raise RevenueIsSumOfLines
    if data.lines:
        products = await load_products(session, {line.product_id for line in data.lines})
        opportunity.ask_for(
            *decisions.priced(data.lines, products, opportunity.currency, kept=opportunity.lines)
        )
    elif data.lines is not None:
        opportunity.expect(opportunity.revenue)
    if data.expected_revenue is not None:
        opportunity.expect(data.expected_revenue)


async def submit_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunitySubmission,
    *,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Submit to a named evaluator. Raises what `decisions.submit` raises."""
    opportunity = await _lock(session, opportunity_id, expected_version)
    staff = await load_staff(session, [data.evaluator_id])
    decisions.submit(session, opportunity, data, staff, today=today)
    return opportunity


async def evaluate_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunityEvaluation,
    *,
    actor: Actor,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Decide on an opportunity in evaluation. Raises what `decisions.evaluate` raises."""
    opportunity = await _lock(session, opportunity_id, expected_version)
    method = await _method_of(session, opportunity)
    staff = await load_staff(session, [data.next_evaluator_id])
    await session.see_all_rows()  # once decided it may be out of the evaluator's sight
    decisions.evaluate(session, opportunity, data, method, staff, actor=actor, today=today)
    await regrade(session, [opportunity], today=today)
    return opportunity


async def promote_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunityPromotion,
    *,
    actor: Actor,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Promote to a later stage. Raises what `decisions.promote` raises."""
    opportunity = await _lock(session, opportunity_id, expected_version)
    stages = await stages_followed(session, opportunity, lock=True)
    found = await queries.recorded_in_stages(
        session, [opportunity.id] if asks_for_records(stages) else []
    )
    recorded = found.get(opportunity.id, {})
    decisions.promote(session, opportunity, data, stages, recorded, actor=actor, today=today)
    await regrade(session, [opportunity], today=today)
    return opportunity


async def preview_promotion(
    session: Session, opportunity_id: UUID
) -> tuple[Opportunity, tuple[Stage, ...], Mapping[str, Recorded]]:
    """Return an opportunity in progress, the stages it follows, and what is recorded in them.

    Raises `NotInProgress`.
    """
    opportunity = await require(session, Opportunity, opportunity_id)
    opportunity.require_in_progress()
    stages = await stages_followed(session, opportunity)
    found = await queries.recorded_in_stages(session, [opportunity.id])
    return opportunity, stages, found.get(opportunity.id, {})


async def win_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunityWin,
    *,
    actor: Actor,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Win it. Raises `UnknownCloseReason`, or what `decisions.win` raises."""
    opportunity = await _lock(session, opportunity_id, expected_version)
    await require_reason(session, Outcome.WON, data.reason_code)
    customer_id = opportunity.customer_id
    customers = await load_customers(session, [customer_id] if customer_id else [])
    method = await _method_of(session, opportunity)
    older = not decisions.is_newest(opportunity, method)
    known = Known(
        customers=customers,
        agreed=await queries.agreed_amounts(session, [opportunity.id]),
        methods={method.id: method},
        past_versions=await past_versions(session, {_followed(opportunity)} if older else set()),
    )
    left = known.stages(opportunity)[(opportunity.stage_position or 1) - 1]
    if method.winning_asks and asks_for_records([left]):
        known = replace(known, recorded=await queries.recorded_in_stages(session, [opportunity.id]))
    decisions.win(session, opportunity, data, known, actor=actor, today=today)
    return opportunity


async def lose_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunityLoss,
    *,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Lose it. Raises `UnknownCloseReason`, `UnknownCompetitor`, or what `decisions.lose` raises.

    A competitor that is named by its file only is named in words, too.
    """
    opportunity = await _lock(session, opportunity_id, expected_version)
    await require_reason(session, Outcome.LOST, data.reason_code)
    if data.competitor_id is not None:
        file = await reference(session, Competitor, data.competitor_id, UnknownCompetitor)
        data = data.model_copy(update={"competitor": data.competitor or file.name})
    decisions.lose(session, opportunity, data, today=today)
    return opportunity


async def list_opportunities(
    session: Session, filters: OpportunityFilters, *, today: date
) -> tuple[list[Opportunity], str | None, int | None]:
    """Return one page of the opportunities that match, the next cursor, the count if asked.

    Raises `PeriodReversed`, `LevelNotGraded`.
    """
    business_day.period(filters.expected_close_from, filters.expected_close_to)
    if filters.level is not None:
        await require_level(session, filters.level)
    query = queries.matching(session.context.tenant_id, filters, today)
    query, filters, listed = await queries.among_found(session, query, filters)
    return await paginate(
        session,
        query,
        filters,
        sort=filters.sort,
        columns={name: getattr(listed, one.key) for name, one in queries.SORT_COLUMNS.items()},
        tie_breaker=listed.id,
    )


async def list_stages(
    session: Session, opportunity_id: UUID
) -> list[tuple[StageEntry, date | None, str | None]]:
    """Return every stay of an opportunity in a stage, with the day it left, and who saw to that.

    It leaves a stage for another one, for the pool, or when it is closed.
    """
    opportunity = await require(session, Opportunity, opportunity_id)
    entries = await queries.stages_of(session, opportunity_id)
    pooled = [move for move in await queries.pool_moves_of(session, opportunity_id) if move.pooled]
    stays: list[tuple[StageEntry, date | None, str | None]] = []
    for place, entry in enumerate(entries):
        following = entries[place + 1] if place + 1 < len(entries) else None
        until = following.opportunity_version if following else None
        exits = [
            move
            for move in pooled
            if (entry.opportunity_version or 0) < move.opportunity_version < (until or 2**31)
        ]
        if exits:
            # One that was closed before it went to the pool left its stage then.
            move = exits[0]
            by = move.closed_by if move.closed_on else move.moved_by
            stays.append((entry, move.closed_on or move.moved_on, by))
        elif following:
            stays.append((entry, following.entered_on, following.entered_by))
        else:
            stays.append((entry, opportunity.closed_on, opportunity.closed_by))
    return stays


async def list_evaluations(session: Session, opportunity_id: UUID) -> list[Evaluation]:
    """Return every decision about an opportunity, oldest first."""
    await require(session, Opportunity, opportunity_id)
    return await queries.evaluations_of(session, opportunity_id)


def asks_for_records(stages: Iterable[Stage]) -> bool:
    """Whether any stage has conditions, so that records must be counted."""
    return any(stage.conditions.control != Control.NONE for stage in stages)


async def stages_followed(
    session: Session, opportunity: Opportunity, *, lock: bool = False
) -> tuple[Stage, ...]:
    """Return the stages an opportunity follows: mostly the newest, so mostly one statement."""
    if lock:
        method = await _method_of(session, opportunity)
    else:
        method = await require(session, Method, opportunity.method_id)
    if decisions.is_newest(opportunity, method):
        return method.stages
    past = await past_versions(session, {_followed(opportunity)})
    return decisions.followed(opportunity, method, past)


def _followed(opportunity: Opportunity) -> tuple[UUID, int]:
    return opportunity.method_id, opportunity.method_version


async def _lock(
    session: Session, opportunity_id: UUID, expected_version: int | None
) -> Opportunity:
    return await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )


async def _method_of(session: Session, opportunity: Opportunity) -> Method:
    return (await load_methods(session, [opportunity.method_id]))[opportunity.method_id]
