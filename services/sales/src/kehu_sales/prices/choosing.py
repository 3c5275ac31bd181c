"""Which of several prices holds: the one price source (S6; 2 L583, T18).

Two salespeople never tell a customer two prices for the same product: whatever lists there are,
exactly one price is the answer, and it is the same for whoever asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from kehu_contracts.money import CENT, Money
from kehu_sales.lines import HUNDRED
from kehu_sales.price_lists.models import Audience
from kehu_sales.prices.errors import NoPriceInCurrency, TaxRateUnknown
from kehu_sales.products.models import Product

RANKS = {
    Audience.CUSTOMER: 0,
    Audience.SEGMENT: 1,
    Audience.TIER: 2,
    Audience.CLASS: 2,
    Audience.EVERYBODY: 3,
    None: 4,
}
"""The narrower the audience, the more its price counts; the list price (None) counts least."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A price of one unit that could hold, and the rule that gives it.

    `audience` None is the product's own list price, which has no list, number or day.
    """

    price: Money
    tax_included: bool
    audience: Audience | None = None
    price_list_id: UUID | None = None
    number: str = ""
    name: str = ""
    starts_on: date = date.min
    from_quantity: Decimal = Decimal(0)


def choose(offers: Iterable[Offer]) -> tuple[Offer, tuple[Offer, ...]]:
    """Return the one offer that holds, and those it beats, the next best first.

    The narrowest audience wins; then the newest list, by its first day, then by its number. Of the
    quantity breaks of one list only the highest is an offer. The order they come in does not
    matter. Raises `ValueError` without any offer.
    """
    best_of_list: dict[UUID | None, Offer] = {}
    for offer in sorted(offers, key=lambda one: one.from_quantity):
        best_of_list[offer.price_list_id] = offer
    ranked = sorted(best_of_list.values(), key=_precedence, reverse=True)
    if not ranked:
        raise ValueError("a product has at least its list price")
    return ranked[0], tuple(ranked[1:])


def _precedence(offer: Offer) -> tuple[int, date, int, str]:
    # Numbers get longer when their digits run out: PRICE-2026-1000000 is newer than -999999.
    return -RANKS[offer.audience], offer.starts_on, len(offer.number), offer.number


@dataclass(frozen=True, slots=True)
class Answer:
    """The price of one unit of a product in a quantity, and what it beat."""

    product: Product
    quantity: Decimal
    offer: Offer
    beaten: tuple[Offer, ...]

    def within(self, currency: str | None) -> "Answer":
        """Return the answer among the prices in a currency; None: whichever it is.

        Raises `NoPriceInCurrency`.
        """
        offers = [
            one for one in (self.offer, *self.beaten) if currency in (None, one.price.currency)
        ]
        if not offers:
            raise NoPriceInCurrency(name=self.product.name, currency=currency)
        return replace(self, offer=offers[0], beaten=tuple(offers[1:]))

    @property
    def price_with_tax(self) -> Money:
        """The price of one unit as documents have it: with the tax of the product, half-even.

        Raises `TaxRateUnknown`.
        """
        price, rate = self.offer.price, self.product.tax_rate
        if self.offer.tax_included:
            return price
        if rate is None:
            raise TaxRateUnknown(name=self.product.name, number=self.offer.number)
        taxed = (price.amount * (HUNDRED + rate) / HUNDRED).quantize(CENT, ROUND_HALF_EVEN)
        return Money(amount=taxed, currency=price.currency)


def answer(product: Product, quantity: Decimal, listed: Iterable[Offer]) -> Answer:
    """Return the price that holds, the product's list price if no list has one."""
    own = Offer(price=product.price, tax_included=True)
    return Answer(product, quantity, *choose([*listed, own]))
