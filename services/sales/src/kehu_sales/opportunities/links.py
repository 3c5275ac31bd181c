"""What activities and tasks hang on: an opportunity in a stage, a customer, or neither."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from kehu_kernel.db import require
from kehu_kernel.session import Session
from kehu_sales.customers.service import (
    current_customer,
    load_customers,
    present_customer,
    require_customer,
    survivor_of,
)
from kehu_sales.opportunities.errors import (
    AnotherCustomer,
    EvaluationHasFailed,
    OpportunityIsClosed,
    UnknownOpportunity,
)
from kehu_sales.opportunities.models import Opportunity


@dataclass(frozen=True, slots=True)
class Subject:
    """The customer and the stage that something is recorded for."""

    customer_id: UUID | None
    stage_code: str | None


async def link(session: Session, opportunity_id: UUID | None, customer_id: UUID | None) -> Subject:
    """Return what something new is recorded for; the opportunity's customer unless one is named.

    Where the opportunity's was merged since, it is the survivor's.

    The opportunity stays locked, so that it cannot be closed or promoted meanwhile. Raises
    `UnknownOpportunity`, `OpportunityIsClosed`, `EvaluationHasFailed`, `AnotherCustomer`,
    `UnknownCustomer`, `CustomerMerged`, `CustomerHasEnded`.
    """
    if opportunity_id is None:
        if customer_id is not None:
            await require_customer(session, customer_id)
        return Subject(customer_id, None)
    opportunity = await lock_open(session, opportunity_id)
    theirs = opportunity.customer_id
    known = await load_customers(session, {one for one in (customer_id, theirs) if one})
    if customer_id is not None:
        if theirs is not None and survivor_of(known, theirs) != survivor_of(known, customer_id):
            raise AnotherCustomer(number=opportunity.number)
        current_customer(known, customer_id)
    elif theirs is not None:
        customer_id = present_customer(known, theirs).id
    return Subject(customer_id, opportunity.stage_code)


async def lock_open(session: Session, opportunity_id: UUID) -> Opportunity:
    """Return an opportunity something can still be done with, locked.

    Raises `UnknownOpportunity`, `OpportunityIsClosed`, `EvaluationHasFailed`.
    """
    opportunity: Opportunity | None = await session.scalar(
        select(Opportunity)
        .where(
            Opportunity.tenant_id == session.context.tenant_id,
            Opportunity.id == opportunity_id,
        )
        .with_for_update(key_share=True)
    )
    if opportunity is None:
        raise UnknownOpportunity(id=opportunity_id)
    opportunity.require_open()
    return opportunity


async def lock_saleable(session: Session, opportunity_id: UUID | None) -> Opportunity | None:
    """Return the opportunity that a document sells, locked, whoever's it is; None without one.

    Raises what `Opportunity.require_saleable` raises.
    """
    if opportunity_id is None:
        return None
    await session.see_all_rows()
    opportunity = await require(session, Opportunity, opportunity_id, lock=True)
    await session.see_rows_in_scope()
    opportunity.require_saleable()
    return opportunity


async def lock_if_open(session: Session, opportunity_id: UUID | None) -> Opportunity | None:
    """Return the opportunity of something older, locked; None if it was closed since."""
    if opportunity_id is None:
        return None
    try:
        return await lock_open(session, opportunity_id)
    except (UnknownOpportunity, OpportunityIsClosed, EvaluationHasFailed):
        return None
