"""What a contract is made from: an approved quote, or lines of its own."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from kehu_kernel.session import Session
from kehu_sales.contracts.errors import (
    ContractNeedsCustomer,
    ContractSourceUnclear,
    NotATradeCustomer,
    QuoteHasContract,
    QuoteNotApproved,
    UnknownQuote,
)
from kehu_sales.contracts.schemas import ContractCreate
from kehu_sales.customers.models import TRADE, CustomerRef
from kehu_sales.customers.service import (
    current_customer,
    load_customers,
    present_customer,
    survivor_of,
)
from kehu_sales.opportunities.errors import AnotherCustomer, UnknownOpportunity
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.quotes import pricing
from kehu_sales.quotes.lines import NO_DISCOUNT, QuoteLine
from kehu_sales.quotes.models import Quote, QuoteState
from kehu_sales.references import reference

AGREED = (QuoteState.APPROVED, QuoteState.SENT, QuoteState.ACCEPTED)
"""States of quotes that somebody has agreed to."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a contract is made from, and with whom; a quote is locked."""

    quote: Quote | None
    opportunity_id: UUID | None
    customer: CustomerRef
    owner_id: UUID | None
    department_id: UUID | None
    lines: tuple[QuoteLine, ...]
    currency: str
    discount: Decimal


def require_agreed(quote: Quote, today: date) -> None:
    """Raise unless a contract may be made from the quote: approved, and still valid.

    What the customer has accepted holds. Raises `QuoteNotApproved`, `QuoteHasExpired`.
    """
    if quote.state not in AGREED:
        raise QuoteNotApproved(number=quote.number)
    if quote.state != QuoteState.ACCEPTED:
        quote.require_valid(today)


async def source_of(
    session: Session, data: ContractCreate, *, today: date, currency: str
) -> Source:
    """Return what the contract is to be made from.

    Raises `ContractSourceUnclear`, `QuoteNotApproved`, `QuoteHasExpired`, `QuoteHasContract`,
    `NotFound`, and what `_customer_of`, `_opportunity_of` and `pricing.price_lines` raise.
    """
    if data.quote_id is not None:
        if data.lines is not None or data.discount_percent is not None:
            raise _unclear(data)
        return await _from_quote(session, data, data.quote_id, today=today)
    if data.lines is None:
        raise _unclear(data)
    opportunity = await _opportunity_of(session, data.opportunity_id)
    customer = await _customer_of(session, opportunity, data.customer_id, opportunity)
    priced, one = await pricing.price_lines(
        session, data.lines, customer, data.signed_on or today, currency=currency
    )
    return Source(
        None,
        data.opportunity_id,
        customer,
        opportunity.owner_id if opportunity else session.context.employee_id,
        opportunity.department_id if opportunity else None,
        priced,
        one,
        data.discount_percent or NO_DISCOUNT,
    )


def _unclear(data: ContractCreate) -> ContractSourceUnclear:
    names = ("quote_id", "lines", "discount_percent")
    given = [name for name in names if getattr(data, name) is not None]
    return ContractSourceUnclear(given=given or ["nothing"])


async def _from_quote(
    session: Session, data: ContractCreate, quote_id: UUID, *, today: date
) -> Source:
    quote = await reference(session, Quote, quote_id, UnknownQuote, lock=True)
    require_agreed(quote, today)
    if quote.contract_id is not None:
        raise QuoteHasContract
    opportunity_id = quote.opportunity_id or data.opportunity_id
    opportunity = await _opportunity_of(session, opportunity_id)
    sold = quote if quote.customer_id else opportunity
    customer = await _customer_of(session, sold, data.customer_id, opportunity)
    return Source(
        quote,
        opportunity_id,
        customer,
        quote.owner_id or session.context.employee_id,
        quote.department_id,
        quote.lines,
        quote.currency,
        quote.discount_percent,
    )


async def _opportunity_of(session: Session, opportunity_id: UUID | None) -> Opportunity | None:
    """Return the opportunity, open or won, locked: contracts follow.

    Raises `UnknownOpportunity`, and what `Opportunity.require_saleable` raises.
    """
    if opportunity_id is None:
        return None
    opportunity = await reference(
        session, Opportunity, opportunity_id, UnknownOpportunity, lock=True
    )
    opportunity.require_saleable()
    return opportunity


async def _customer_of(
    session: Session,
    sold: Quote | Opportunity | None,
    named: UUID | None,
    opportunity: Opportunity | None,
) -> CustomerRef:
    """Return whom the contract is with: a trade customer, as it is by now (C13).

    `sold` is the document that says whom, if one does.

    Raises `ContractNeedsCustomer`, `AnotherCustomer`, `NotATradeCustomer`, and what
    `current_customer` raises.
    """
    theirs = sold.customer_id if sold else None
    sold_to = opportunity.customer_id if opportunity else None
    known = await load_customers(session, {one for one in (theirs, named, sold_to) if one})
    if sold_to and theirs and survivor_of(known, theirs) != survivor_of(known, sold_to):
        raise AnotherCustomer(number=opportunity.number if opportunity else "")
    if named is not None:
        if theirs is not None and survivor_of(known, theirs) != survivor_of(known, named):
            raise AnotherCustomer(number=sold.number if sold else "")
        customer = current_customer(known, named)
    elif theirs is not None:
        customer = present_customer(known, theirs)
    else:
        raise ContractNeedsCustomer
    if customer.state != TRADE:
        raise NotATradeCustomer(name=customer.name)
    return customer
