"""What can be done with a quote. One function per command; each runs in one transaction."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from kehu_kernel import audit, business_day, ids, numbering, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.approvals.models import Approval, DocumentKind, Facts
from kehu_sales.approvals.service import Document, start
from kehu_sales.customers.models import CustomerRef
from kehu_sales.customers.service import load_customers, present_customer, survivor_of
from kehu_sales.directory.service import department_of, require_newly_named, require_staff
from kehu_sales.opportunities.links import lock_saleable
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.products.queries import load_products
from kehu_sales.quote_policy.models import EarlyQuote, QuotePolicy
from kehu_sales.quote_policy.queries import policy_of
from kehu_sales.quotes import events, pricing, queries
from kehu_sales.quotes.errors import QuotedTooEarly
from kehu_sales.quotes.lines import NO_DISCOUNT, QuoteLine, is_below_floor, largest_discount
from kehu_sales.quotes.models import Quote, QuoteState
from kehu_sales.quotes.schemas import (
    QuoteCancellation,
    QuoteCreate,
    QuoteFilters,
    QuoteRejection,
    QuoteStep,
    QuoteUpdate,
)
from kehu_sales.quotes.sources import Source, source_of
from kehu_sales.quotes.warnings import QuoteWarning, has_other_price, too_early, typed_otherwise

NUMBER_PREFIX = "QUO"
NEEDS_APPROVAL = {QuoteWarning.BELOW_FLOOR, QuoteWarning.OVER_LIMIT}


async def create_quote(session: Session, data: QuoteCreate, *, today: date, currency: str) -> Quote:
    """Draft a quote, for whoever its customer is by now.

    Raises `QuotedTooEarly`, `DateInFuture`, `DateBeforePrevious`, or what `require_staff`,
    `source_of` and `pricing.price_lines` raise.
    """
    await require_staff(session, [data.owner_id], data.department_id)
    source = await source_of(session, data, today=today)
    quoted_on = business_day.happened(data.on, today)
    policy = await policy_of(session)
    _require_value_first(policy, source.opportunity)
    opportunity = source.opportunity
    if source.wanted is None and opportunity is not None:
        priced = await pricing.take_over(
            session, opportunity, source.customer, quoted_on, only=data.currency
        )
    else:
        priced = await pricing.price_lines(
            session,
            source.wanted or [],
            source.customer,
            quoted_on,
            currency=currency,
            kept=opportunity.lines if opportunity else (),
            only=data.currency,
        )
    quote = _draft(session, data, source, policy, quoted_on)
    quote.offer(*priced, data.discount_percent or NO_DISCOUNT)
    await _warn(session, quote, policy, opportunity, quoted_on)
    quote.department_id = quote.department_id or await department_of(session, quote.owner_id)
    quote.number = await numbering.next_number(session, NUMBER_PREFIX, year=quoted_on.year)
    audit.created(session, quote)
    outbox.add(session, events.created(quote), sequence=quote.version)
    return quote


def _draft(
    session: Session, data: QuoteCreate, source: Source, policy: QuotePolicy, quoted_on: date
) -> Quote:
    opportunity = source.opportunity
    if data.expires_on is not None:
        business_day.follows(data.expires_on, quoted_on)
    return Quote(
        id=ids.new_id(),
        opportunity_id=opportunity.id if opportunity else None,
        stage_code=opportunity.stage_code if opportunity else None,
        price_list_id=data.price_list_id,
        customer_id=source.customer.id if source.customer else None,
        owner_id=data.owner_id
        or (opportunity.owner_id if opportunity else session.context.employee_id),
        department_id=data.department_id or (opportunity.department_id if opportunity else None),
        quoted_on=quoted_on,
        expires_on=data.expires_on or _last_day(policy, quoted_on),
        state=QuoteState.DRAFT,
        revision=1,
    )


async def change_quote(
    session: Session, quote_id: UUID, data: QuoteUpdate, *, today: date, expected_version: int
) -> Quote:
    """Change a draft; new lines get the prices of today.

    Raises `QuoteNotReady`, `DateBeforePrevious`, or what `require_newly_named` and
    `pricing.price_lines` raise.
    """
    quote = await require(session, Quote, quote_id, lock=True, expected_version=expected_version)
    quote.require(QuoteState.DRAFT)
    given = data.given()
    await require_newly_named(session, quote, given, "owner_id")
    if data.expires_on is not None:
        business_day.follows(data.expires_on, quote.quoted_on)
    priced = (quote.lines, quote.currency)
    if data.lines is not None:
        customer = await _customer_of(session, quote)
        priced = await pricing.price_lines(
            session,
            data.lines,
            customer,
            today,
            currency=quote.currency,
            kept=quote.lines,
            only=quote.currency,
        )
    discount = data.discount_percent
    quote.offer(*priced, quote.discount_percent if discount is None else discount)
    for name in given.keys() - {"lines", "discount_percent"}:
        setattr(quote, name, given[name])
    policy, opportunity = await policy_of(session), await _opportunity_of(session, quote)
    await _warn(session, quote, policy, opportunity, today)
    return _changed(session, quote, "changed")


async def submit_quote(
    session: Session, quote_id: UUID, *, today: date, expected_version: int | None
) -> Quote:
    """Submit a draft: what is within the caller's limit and above the floor may pass at once.

    Somebody has to agree to a larger discount, or to a price below the floor, whatever the chain
    says; the chain may ask for more. Raises `QuoteNotReady`, `QuoteHasExpired`, `QuotedTooEarly`,
    and what `lock_saleable` raises.
    """
    quote = await require(session, Quote, quote_id, lock=True, expected_version=expected_version)
    quote.require(QuoteState.DRAFT)
    quote.require_valid(today)
    opportunity = await lock_saleable(session, quote.opportunity_id)
    policy = await policy_of(session)
    _require_value_first(policy, opportunity)
    # Limits look at what the price source says today, of whatever day the quote is.
    lines = await pricing.beside_prices_of(
        session, quote.lines, await _customer_of(session, quote), today, currency=quote.currency
    )
    quote.offer(lines, quote.currency, quote.discount_percent)
    await _warn(session, quote, policy, opportunity, today)
    document = Document.of(DocumentKind.QUOTE, quote)
    facts = Facts(quote.sum, largest_discount(quote.lines, quote.discount_percent))
    must = bool(NEEDS_APPROVAL & set(quote.warnings))
    approval = await start(session, document, facts, must=must)
    quote.follow(approval.state)
    return _changed(session, quote, f"approval-{approval.state}")


async def approval_decided(session: Session, approval: Approval) -> None:
    """Follow what was decided about the quote. Raises `QuoteIsOut`."""
    quote = await require(session, Quote, approval.document_id, lock=True)
    quote.follow(approval.state)
    _changed(session, quote, f"approval-{approval.state}")


async def send_quote(
    session: Session, quote_id: UUID, data: QuoteStep, *, today: date, expected_version: int | None
) -> Quote:
    """Give an approved quote to the customer.

    Raises what `Quote.send` and `lock_saleable` raise, `DateInFuture`.
    """
    quote = await require(session, Quote, quote_id, lock=True, expected_version=expected_version)
    on = business_day.happened(data.on, today)
    business_day.follows(on, quote.quoted_on)
    quote.send(on)
    await lock_saleable(session, quote.opportunity_id)
    return _changed(session, quote, "sent")


async def accept_quote(
    session: Session, quote_id: UUID, data: QuoteStep, *, today: date, expected_version: int | None
) -> Quote:
    """Take the customer's yes.

    Raises what `Quote.accept` and `lock_saleable` raise, `DateInFuture`.
    """
    quote = await require(session, Quote, quote_id, lock=True, expected_version=expected_version)
    on = _answered_on(quote, data.on, today)
    quote.accept(on)
    await lock_saleable(session, quote.opportunity_id)
    return _changed(session, quote, "accepted")


async def reject_quote(
    session: Session,
    quote_id: UUID,
    data: QuoteRejection,
    *,
    today: date,
    expected_version: int | None,
) -> Quote:
    """Take the customer's no, and why. Raises what `Quote.reject` raises, `DateInFuture`."""
    quote = await require(session, Quote, quote_id, lock=True, expected_version=expected_version)
    on = _answered_on(quote, data.on, today)
    quote.reject(on, data.reason)
    return _changed(session, quote, "rejected")


async def cancel_quote(
    session: Session,
    quote_id: UUID,
    data: QuoteCancellation,
    *,
    today: date,
    expected_version: int | None,
) -> Quote:
    """Give a quote up, and say why.

    Raises what `Quote.cancel` raises, `DateInFuture`, `DateBeforePrevious`.
    """
    quote = await require(session, Quote, quote_id, lock=True, expected_version=expected_version)
    on = _answered_on(quote, data.on, today)
    quote.cancel(on, data.reason)
    return _changed(session, quote, "cancelled")


async def revise_quote(
    session: Session, quote_id: UUID, *, today: date, expected_version: int | None
) -> Quote:
    """Draft the next version of a quote; what the customer said of that one stays.

    Raises `QuoteNotReady`, `NewerVersion`; of two at once the database lets one win.
    """
    old = await require(session, Quote, quote_id, lock=True, expected_version=expected_version)
    old.supersede()
    policy = await policy_of(session)
    opportunity = await lock_saleable(session, old.opportunity_id)
    customer = await _customer_of(session, old)
    quote = Quote(
        id=ids.new_id(),
        opportunity_id=old.opportunity_id,
        stage_code=opportunity.stage_code if opportunity else None,
        price_list_id=old.price_list_id,
        customer_id=customer.id if customer else None,
        owner_id=old.owner_id,
        department_id=old.department_id,
        quoted_on=today,
        expires_on=_last_day(policy, today),
        state=QuoteState.DRAFT,
        number=old.next_number(),
        revision=old.revision + 1,
        root_id=old.root_id or old.id,
    )
    quote.offer(old.lines, old.currency, old.discount_percent)
    _changed(session, old, "superseded")
    await _warn(session, quote, policy, opportunity, today)
    audit.created(session, quote)
    outbox.add(session, events.created(quote), sequence=quote.version)
    return quote


async def list_versions(session: Session, quote_id: UUID) -> list[Quote]:
    """Return every version of a quote, oldest first."""
    return await queries.versions_of(session, await require(session, Quote, quote_id))


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


def _changed(session: Session, quote: Quote, action: str) -> Quote:
    fields = audit.changed(session, quote, action)
    if fields:
        outbox.add(session, events.changed(quote, fields), sequence=quote.version)
    return quote


def _answered_on(quote: Quote, on: date | None, today: date) -> date:
    answered = business_day.happened(on, today)
    business_day.follows(answered, quote.sent_on or quote.quoted_on)
    return answered


def _last_day(policy: QuotePolicy, quoted_on: date) -> date | None:
    return None if policy.valid_days is None else quoted_on + timedelta(days=policy.valid_days)


def _require_value_first(policy: QuotePolicy, opportunity: Opportunity | None) -> None:
    if (
        opportunity is not None
        and policy.early_quote == EarlyQuote.BLOCK
        and too_early(opportunity, policy.solution_from_rate)
    ):
        raise QuotedTooEarly(number=opportunity.number)


async def _warn(
    session: Session,
    quote: Quote,
    policy: QuotePolicy,
    opportunity: Opportunity | None,
    on: date,
) -> None:
    """Write down what to think of before the quote is sent."""
    found: list[QuoteWarning] = []
    if policy.early_quote != EarlyQuote.IGNORE:
        found += too_early(opportunity, policy.solution_from_rate)
    if await _goes_below_floor(session, quote.lines, quote.discount_percent, quote.currency):
        found.append(QuoteWarning.BELOW_FLOOR)
    limit = policy.limit_of(session.context.roles)
    discount = largest_discount(quote.lines, quote.discount_percent)
    if discount is None or discount > limit:
        found.append(QuoteWarning.OVER_LIMIT)
    if quote.customer_id is not None and await _other_price(session, quote, quote.customer_id, on):
        found.append(QuoteWarning.OTHER_PRICE)
    found += typed_otherwise(quote.lines)
    quote.warnings = [warning.value for warning in found]


async def _goes_below_floor(
    session: Session, lines: tuple[QuoteLine, ...], off_total: Decimal, currency: str
) -> bool:
    products = await load_products(session, {line.product_id for line in lines})
    return any(
        is_below_floor(line, products[line.product_id], off_total, currency) for line in lines
    )


async def _other_price(session: Session, quote: Quote, customer_id: UUID, on: date) -> bool:
    held = await queries.held_by(session, customer_id, on, but=quote.root_id or quote.id)
    return any(
        one.currency == quote.currency
        and has_other_price(
            quote.lines, one.lines, off=quote.discount_percent, held_off=one.discount_percent
        )
        for one in held
    )


async def _opportunity_of(session: Session, quote: Quote) -> Opportunity | None:
    if quote.opportunity_id is None:
        return None
    return await require(session, Opportunity, quote.opportunity_id)


async def _customer_of(session: Session, quote: Quote) -> CustomerRef | None:
    if quote.customer_id is None:
        return None
    known = await load_customers(session, [quote.customer_id])
    return present_customer(known, quote.customer_id)


async def printable(session: Session, quote_id: UUID) -> tuple[Quote, str | None]:
    """Return a quote and the name of its customer, as it is by now."""
    quote = await require(session, Quote, quote_id)
    if quote.customer_id is None:
        return quote, None
    known = await load_customers(session, [quote.customer_id])
    return quote, known[survivor_of(known, quote.customer_id)].name


def name_contract(session: Session, quote: Quote, contract_id: UUID | None) -> None:
    """Let a locked quote know the contract that was made from it; None: it was cancelled."""
    quote.contract_id = contract_id
    _changed(session, quote, "pushed-down" if contract_id else "contract-cancelled")


def expire(session: Session, quote: Quote, today: date) -> None:
    """End a locked quote whose last day is over. Raises `QuoteNotReady`."""
    quote.expire(today)
    _changed(session, quote, "expired")
