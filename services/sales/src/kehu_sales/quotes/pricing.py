"""Where the lines of a quote get their prices from: the one price source, and what we give off."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from kehu_contracts.money import Money
from kehu_kernel.session import Session
from kehu_sales.customers.models import CustomerRef
from kehu_sales.lines import NAME_IT, Line, one_currency
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.prices.choosing import Answer
from kehu_sales.prices.errors import NoPriceInCurrency, TaxRateUnknown
from kehu_sales.prices.service import prices_for
from kehu_sales.products.errors import ProductWithdrawn
from kehu_sales.quotes.errors import PriceAndDiscount
from kehu_sales.quotes.lines import NO_DISCOUNT, QuoteLine, discounted
from kehu_sales.quotes.schemas import QuoteLineInput

LIST_PRICE = "list_price"
Priced = tuple[tuple[QuoteLine, ...], str]


async def price_lines(
    session: Session,
    wanted: Sequence[QuoteLineInput],
    customer: CustomerRef | None,
    on: date,
    *,
    currency: str,
    kept: Iterable[Line] = (),
    only: str | None = None,
) -> Priced:
    """Return the wanted lines with their prices, and the one currency they are in.

    `currency` is that of no lines; `only` prices in this one count, also typed ones. Raises
    `PriceAndDiscount`, `UnknownProduct`, `ProductWithdrawn` (unless the document has the product
    already, in `kept`), `MixedCurrencies`, `NoPriceInCurrency`, `TaxRateUnknown`.
    """
    already = {line.product_id for line in kept}
    asked = [(line.product_id, line.quantity) for line in wanted]
    answers = await prices_for(session, asked, customer, on)
    lines, prices = [], []
    for line, answer in zip(wanted, answers, strict=True):
        if not answer.product.active and answer.product.id not in already:
            raise ProductWithdrawn(name=answer.product.name)
        price = _price_of(line, answer, only)
        prices.append(price)
        lines.append(_line(answer, price, typed=line.unit_price is not None))
    advice = "" if only else NAME_IT
    return tuple(lines), one_currency(prices, currency, only=only, advice=advice)


async def take_over(
    session: Session,
    opportunity: Opportunity,
    customer: CustomerRef | None,
    on: date,
    *,
    only: str | None = None,
) -> Priced:
    """Return an opportunity's lines at the customer's prices; a price that was typed stays.

    `only` prices in this currency count: the one named, or that of prices that were typed. Raises
    `MixedCurrencies`, `NoPriceInCurrency`, `TaxRateUnknown`.
    """
    if only is None and any(line.typed for line in opportunity.lines):
        only = opportunity.currency
    asked = [(line.product_id, line.quantity) for line in opportunity.lines]
    answers = await prices_for(session, asked, customer, on)
    lines, prices = [], []
    for line, answer in zip(opportunity.lines, answers, strict=True):
        typed = Money(amount=line.unit_price, currency=opportunity.currency)
        price = typed if line.typed else answer.within(only).price_with_tax
        prices.append(price)
        lines.append(_line(answer, price, typed=line.typed, name=line.product_name))
    advice = "" if only else NAME_IT
    return tuple(lines), one_currency(prices, opportunity.currency, only=only, advice=advice)


async def beside_prices_of(
    session: Session,
    lines: Sequence[QuoteLine],
    customer: CustomerRef | None,
    on: date,
    *,
    currency: str,
) -> tuple[QuoteLine, ...]:
    """Return lines as they were priced, beside what the price source says of a day."""
    asked = [(line.product_id, line.quantity) for line in lines]
    answers = await prices_for(session, asked, customer, on)
    found = []
    for line, answer in zip(lines, answers, strict=True):
        base, given_by = _base(answer, currency)
        found.append(replace(line, base_price=base, given_by=given_by))
    return tuple(found)


def _price_of(line: QuoteLineInput, answer: Answer, only: str | None) -> Money:
    if line.unit_price is not None:
        if line.discount_percent is not None:
            raise PriceAndDiscount
        return line.unit_price
    base = answer.within(only).price_with_tax
    off = line.discount_percent or NO_DISCOUNT
    return Money(amount=discounted(base.amount, off), currency=base.currency)


def _line(answer: Answer, price: Money, *, typed: bool, name: str | None = None) -> QuoteLine:
    base, given_by = _base(answer, price.currency)
    return QuoteLine(
        product_id=answer.product.id,
        product_name=name or answer.product.name,
        quantity=answer.quantity,
        unit_price=price.amount,
        typed=typed,
        base_price=base,
        given_by=given_by,
        days_per_unit=answer.product.days_per_unit,
        unit=answer.product.unit,
        tax_rate=answer.product.tax_rate,
        tax_included=True,
    )


def _base(answer: Answer, currency: str) -> tuple[Decimal | None, str | None]:
    """Return what our price is compared with, and who gave it; None: nothing, somebody looks."""
    try:
        answer = answer.within(currency)
        base = answer.price_with_tax.amount
    except (NoPriceInCurrency, TaxRateUnknown):
        return None, None
    return base, answer.offer.number or LIST_PRICE
