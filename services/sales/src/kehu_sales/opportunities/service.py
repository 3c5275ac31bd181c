"""What can be done with an opportunity. One function per command; each runs in one transaction."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from kehu_kernel import audit, business_day, numbering, outbox
from kehu_kernel.context import Actor
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.customers.service import load_customers, require_customer
from kehu_sales.methods.models import Control, Method, Stage
from kehu_sales.methods.queries import load_methods
from kehu_sales.opportunities import decisions, events, queries
from kehu_sales.opportunities.decisions import Known
from kehu_sales.opportunities.errors import RevenueIsSumOfLines
from kehu_sales.opportunities.models import Evaluation, Opportunity, StageEntry
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

NUMBER_PREFIX = "OPP"


async def create_opportunity(
    session: Session, data: OpportunityCreate, *, today: date, currency: str
) -> Opportunity:
    """Open an opportunity; its number is of the year it was opened in.

    Raises what `decisions.prepare` raises; the database refuses an external reference that is
    taken.
    """
    known = Known(
        customers=await load_customers(session, [data.customer_id] if data.customer_id else []),
        products=await load_products(session, {line.product_id for line in data.lines}),
        methods=await load_methods(
            session, [data.method_id] if data.method_id else [], default=data.method_id is None
        ),
    )
    opportunity = decisions.prepare(data, known, today=today, currency=currency)
    number = await numbering.next_number(session, NUMBER_PREFIX, year=opportunity.opened_on.year)
    decisions.enter(session, opportunity, number)
    return opportunity


async def change_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunityUpdate,
    *,
    today: date,
    expected_version: int,
) -> Opportunity:
    """Change potential information or product lines.

    Raises `OpportunityIsClosed`, `EvaluationHasFailed`, `RevenueIsSumOfLines`, `UnknownCustomer`,
    `CustomerHasEnded`, or what `decisions.priced` raises.
    """
    opportunity = await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )
    opportunity.require_open()
    lines = opportunity.lines if data.lines is None else data.lines
    if lines and data.expected_revenue is not None:
        raise RevenueIsSumOfLines
    if data.customer_id is not None and data.customer_id != opportunity.customer_id:
        await require_customer(session, data.customer_id)
    if data.lines:
        products = await load_products(session, {line.product_id for line in data.lines})
        opportunity.ask_for(
            *decisions.priced(data.lines, products, opportunity.currency, kept=opportunity.lines)
        )
    elif data.lines is not None:
        opportunity.expect(opportunity.revenue)
    if data.expected_revenue is not None:
        opportunity.expect(data.expected_revenue)
    given = data.given()
    if given.keys() & {"owner_id", "department_id"}:
        await session.see_all_rows()  # what one looks after one may give away, also out of sight
    for name in given.keys() - {"lines", "expected_revenue"}:
        setattr(opportunity, name, given[name])
    fields = audit.changed(session, opportunity, "changed")
    if fields:
        event = events.changed(opportunity, fields, today)
        outbox.add(session, event, sequence=opportunity.version)
    return opportunity


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
    decisions.submit(session, opportunity, data, today=today)
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
    await session.see_all_rows()  # once decided it may be out of the evaluator's sight
    decisions.evaluate(session, opportunity, data, method, actor=actor, today=today)
    return opportunity


async def promote_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunityPromotion,
    *,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Promote to a later stage. Raises what `decisions.promote` raises."""
    opportunity = await _lock(session, opportunity_id, expected_version)
    method = await _method_of(session, opportunity)
    found = await queries.recorded_in_stages(
        session, [opportunity.id] if asks_for_records(method) else []
    )
    recorded = found.get(opportunity.id, {})
    decisions.promote(session, opportunity, data, method, recorded, today=today)
    return opportunity


async def preview_promotion(
    session: Session, opportunity_id: UUID
) -> tuple[Opportunity, tuple[Stage, ...], Mapping[str, Recorded]]:
    """Return an opportunity in progress, the stages it follows, and what is recorded in them.

    Raises `NotInProgress`.
    """
    opportunity = await require(session, Opportunity, opportunity_id)
    opportunity.require_in_progress()
    method = await require(session, Method, opportunity.method_id)
    found = await queries.recorded_in_stages(session, [opportunity.id])
    return opportunity, method.stages, found.get(opportunity.id, {})


async def win_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunityWin,
    *,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Win it. Raises what `decisions.win` raises."""
    opportunity = await _lock(session, opportunity_id, expected_version)
    customer_id = opportunity.customer_id
    customers = await load_customers(session, [customer_id] if customer_id else [])
    decisions.win(session, opportunity, data, customers, today=today)
    return opportunity


async def lose_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunityLoss,
    *,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Lose it. Raises what `decisions.lose` raises."""
    opportunity = await _lock(session, opportunity_id, expected_version)
    decisions.lose(session, opportunity, data, today=today)
    return opportunity


async def list_opportunities(
    session: Session, filters: OpportunityFilters
) -> tuple[list[Opportunity], str | None, int | None]:
    """Return one page of the opportunities that match, the next cursor, the count if asked.

    Raises `PeriodReversed`.
    """
    business_day.period(filters.expected_close_from, filters.expected_close_to)
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Opportunity.id,
    )


async def list_stages(
    session: Session, opportunity_id: UUID
) -> list[tuple[StageEntry, date | None]]:
    """Return every stage an opportunity has been in, with the day it left it."""
    opportunity = await require(session, Opportunity, opportunity_id)
    entries = await queries.stages_of(session, opportunity_id)
    left_on = [entry.entered_on for entry in entries[1:]]
    return list(zip(entries, [*left_on, opportunity.closed_on], strict=bool(entries)))


async def list_evaluations(session: Session, opportunity_id: UUID) -> list[Evaluation]:
    """Return every decision about an opportunity, oldest first."""
    await require(session, Opportunity, opportunity_id)
    return await queries.evaluations_of(session, opportunity_id)


def asks_for_records(method: Method) -> bool:
    """Whether any stage of the method has conditions, so that records must be counted."""
    return any(stage.conditions.control != Control.NONE for stage in method.stages)


async def _lock(
    session: Session, opportunity_id: UUID, expected_version: int | None
) -> Opportunity:
    return await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )


async def _method_of(session: Session, opportunity: Opportunity) -> Method:
    return (await load_methods(session, [opportunity.method_id]))[opportunity.method_id]
