"""Where the lines of a quote get their prices from: the one price source, and what we give off."""

from collections.abc import Iterable, Sequence
from datetime import date

from kehu_contracts.money import Money
from kehu_kernel.session import Session
from kehu_sales.customers.models import CustomerRef
from kehu_sales.lines import Line, one_currency
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.prices.choosing import Answer
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
) -> Priced:
    """Return the wanted lines with their prices, and the one currency they are in.

    Raises `PriceAndDiscount`, `UnknownProduct`, `ProductWithdrawn` (unless the document has the
    product already, in `kept`), `MixedCurrencies`.
    """
    already = {line.product_id for line in kept}
    asked = [(line.product_id, line.quantity) for line in wanted]
    answers = await prices_for(session, asked, customer, on)
    lines, prices = [], []
    for line, answer in zip(wanted, answers, strict=True):
        if not answer.product.active and answer.product.id not in already:
            raise ProductWithdrawn(name=answer.product.name)
        price = _price_of(line, answer)
        prices.append(price)
        lines.append(_line(answer, price))
    return tuple(lines), one_currency(prices, currency)


async def take_over(
    session: Session, opportunity: Opportunity, customer: CustomerRef | None, on: date
) -> Priced:
    """Return an opportunity's lines as they are, beside what the price source says today."""
    lines = await beside_prices_of(
        session, opportunity.lines, customer, on, currency=opportunity.currency
    )
    return lines, opportunity.currency


async def beside_prices_of(
    session: Session,
    lines: Sequence[Line],
    customer: CustomerRef | None,
    on: date,
    *,
    currency: str,
) -> tuple[QuoteLine, ...]:
    """Return lines with our prices as they are, beside what the price source says of a day."""
    asked = [(line.product_id, line.quantity) for line in lines]
    answers = await prices_for(session, asked, customer, on)
    return tuple(
        _line(answer, Money(amount=line.unit_price, currency=currency), name=line.product_name)
        for line, answer in zip(lines, answers, strict=True)
    )


def _price_of(line: QuoteLineInput, answer: Answer) -> Money:
    if line.unit_price is not None:
        if line.discount_percent is not None:
            raise PriceAndDiscount
        return line.unit_price
    base = answer.offer.price
    off = line.discount_percent or NO_DISCOUNT
    return Money(amount=discounted(base.amount, off), currency=base.currency)


def _line(answer: Answer, price: Money, *, name: str | None = None) -> QuoteLine:
    base = answer.offer.price
    comparable = base.currency == price.currency
    return QuoteLine(
        product_id=answer.product.id,
        product_name=name or answer.product.name,
        quantity=answer.quantity,
        unit_price=price.amount,
        base_price=base.amount if comparable else None,
        given_by=(answer.offer.number or LIST_PRICE) if comparable else None,
        days_per_unit=answer.product.days_per_unit,
    )
