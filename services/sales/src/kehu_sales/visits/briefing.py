"""What to take along to a customer: the print-out of recent sales and contacts (L2552)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from kehu_contracts.money import Money
from kehu_kernel.db import require
from kehu_kernel.session import Session
from kehu_sales.activities.models import Activity
from kehu_sales.customers.queries import of_customer
from kehu_sales.customers.service import load_customers, survivor_of
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Status
from kehu_sales.quotes.models import Quote
from kehu_sales.visits.models import Visit
from kehu_sales.visits.schemas import ActivityLine, Briefing, QuoteLine, SaleLine


async def brief(session: Session, visit_id: UUID, limit: int) -> Briefing:
    """Return recent sales, quotes and contacts of a visit's customer. Raises `NotFound`."""
    visit = await require(session, Visit, visit_id)
    known = await load_customers(session, [visit.customer_id])
    customer_id = survivor_of(known, visit.customer_id)
    sales = await _newest(session, select(Opportunity).where(
        Opportunity.status == Status.WON
    ), Opportunity, Opportunity.closed_on, customer_id, limit)  # fmt: skip
    quotes = await _newest(session, select(Quote), Quote, Quote.quoted_on, customer_id, limit)
    activities = await _newest(
        session, select(Activity), Activity, Activity.occurred_on, customer_id, limit
    )
    return Briefing(
        customer_id=customer_id,
        customer_name=known[customer_id].name,
        sales=[_sale(one) for one in sales],
        quotes=[
            QuoteLine(id=one.id, number=one.number, quoted_on=one.quoted_on, total=one.sum)
            for one in quotes
        ],
        activities=[ActivityLine.model_validate(vars(one)) for one in activities],
    )


async def _newest(
    session: Session, query: Select[Any], model: Any, day: Any, customer_id: UUID, limit: int
) -> list[Any]:
    tenant_id = session.context.tenant_id
    theirs = query.where(
        model.tenant_id == tenant_id, of_customer(model.customer_id, tenant_id, customer_id)
    )
    return list(await session.scalars(theirs.order_by(day.desc(), model.id.desc()).limit(limit)))


def _sale(won: Opportunity) -> SaleLine:
    amount = won.expected_revenue if won.won_amount is None else won.won_amount
    return SaleLine.model_validate(
        vars(won)
        | {
            "amount": Money(amount=amount, currency=won.currency),
            "products": [f"{line.product_name} × {line.quantity:f}" for line in won.lines],
        }
    )
