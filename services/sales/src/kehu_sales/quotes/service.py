"""What can be done with a quote: it is made from an opportunity, and read."""

from datetime import date

from kehu_kernel import audit, business_day, numbering, outbox
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.customers.service import load_customers, present_customer
from kehu_sales.lines import total
from kehu_sales.opportunities.links import lock_open
from kehu_sales.quotes import events, queries
from kehu_sales.quotes.errors import NoProductLines
from kehu_sales.quotes.models import Quote
from kehu_sales.quotes.schemas import QuoteCreate, QuoteFilters

NUMBER_PREFIX = "QUO"


async def create_quote(session: Session, data: QuoteCreate, *, today: date) -> Quote:
    """Make a quote from the product lines of an opportunity, for whoever its customer is by now.

    Raises `NoProductLines`, `CustomerHasEnded`, `DateInFuture`, `DateBeforePrevious`, or what
    `lock_open` raises.
    """
    opportunity = await lock_open(session, data.opportunity_id)
    if not opportunity.lines:
        raise NoProductLines(number=opportunity.number)
    customer_id = opportunity.customer_id
    if customer_id is not None:
        known = await load_customers(session, [customer_id])
        customer_id = present_customer(known, customer_id).id
    quoted_on = business_day.happened(data.on, today)
    if data.expires_on is not None:
        business_day.follows(data.expires_on, quoted_on)
    quote = Quote(
        number=await numbering.next_number(session, NUMBER_PREFIX, year=quoted_on.year),
        opportunity_id=opportunity.id,
        stage_code=opportunity.stage_code,
        customer_id=customer_id,
        owner_id=opportunity.owner_id,
        lines=opportunity.lines,
        total=total(opportunity.lines),
        currency=opportunity.currency,
        quoted_on=quoted_on,
        expires_on=data.expires_on,
    )
    audit.created(session, quote)
    outbox.add(session, events.created(quote), sequence=quote.version)
    return quote


async def list_quotes(
    session: Session, filters: QuoteFilters
) -> tuple[list[Quote], str | None, int | None]:
    """Return one page of the quotes that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Quote.id,
    )
