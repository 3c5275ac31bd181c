"""Lines of a quote: what was asked, what was given off, and how it looks per day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from kehu_contracts.lines import OfferedLine
from kehu_contracts.money import CENT
from kehu_sales.lines import HUNDRED, Line, LinesColumn, contract_lines, total
from kehu_sales.products.models import Product, per_day

NO_DISCOUNT = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class QuoteLine(Line):
    """A product in a quantity: `base_price` is what the price source said, `unit_price` ours.

    Both are with tax (`tax_included`); lines of before do not say. `given_by` is the number of the
    price list, or `list_price`; None where nobody was asked. `unit` and `tax_rate` (percent) are
    those of the product when it was priced.
    """

    base_price: Decimal | None = None
    given_by: str | None = None
    days_per_unit: Decimal | None = None
    unit: str | None = None
    tax_rate: Decimal | None = None
    tax_included: bool | None = None

    @property
    def discount_percent(self) -> Decimal:
        """What was given off the base price, in percent; a dearer line has no discount."""
        return self.discount_with(NO_DISCOUNT)

    def net_price(self, off_total: Decimal) -> Decimal:
        """Return the price of one unit after the discount on the whole quote."""
        return (self.unit_price * (HUNDRED - off_total) / HUNDRED).quantize(CENT, ROUND_HALF_EVEN)

    def discount_with(self, off_total: Decimal) -> Decimal:
        """Return what is given off in all, line and whole quote, in percent."""
        if not self.base_price:
            return off_total
        left = self.unit_price * (HUNDRED - off_total) / self.base_price
        return max(HUNDRED - left, Decimal(0)).quantize(CENT, ROUND_HALF_EVEN)

    def per_day(self, off_total: Decimal) -> Decimal | None:
        """Return what one unit costs per day of use, after the discount on the whole quote.

        None if nobody knows how long it lasts.
        """
        return per_day(self.net_price(off_total), self.days_per_unit)


def offered_lines(lines: Sequence[QuoteLine], currency: str) -> list[OfferedLine]:
    """Return the lines as events of quotes and contracts carry them."""
    plain = contract_lines(lines, currency)
    return [
        OfferedLine(**dict(told), unit=line.unit, tax_rate=line.tax_rate)
        for told, line in zip(plain, lines, strict=True)
    ]


def discounted(base: Decimal, percent: Decimal) -> Decimal:
    """Return a price after a discount in percent, rounded half-even to two places."""
    return (base * (HUNDRED - percent) / HUNDRED).quantize(CENT, ROUND_HALF_EVEN)


def total_of(lines: Iterable[QuoteLine], off_total: Decimal) -> Decimal:
    """Return the sum of the lines less the discount on the whole. Raises `AmountTooLarge`."""
    return discounted(total(lines), off_total)


def largest_discount(lines: Sequence[QuoteLine], off_total: Decimal) -> Decimal | None:
    """Return the largest discount of any line, in percent: that is what limits look at.

    None where a line cannot be compared with what the price source said, as in another currency:
    somebody has to look.
    """
    if any(line.base_price is None for line in lines):
        return None
    return max((line.discount_with(off_total) for line in lines), default=off_total)


def is_below_floor(line: QuoteLine, product: Product, off_total: Decimal, currency: str) -> bool:
    """Whether a line goes below the product's floor price (底价).

    One in another currency cannot be compared: it counts as below, so that somebody looks.
    """
    floor = product.floor
    if floor is None:
        return False
    return floor.currency != currency or line.net_price(off_total) < floor.amount


class QuoteLinesColumn(TypeDecorator[tuple[QuoteLine, ...]]):
    """Quote lines in the jsonb column of lines; those of before know less."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: tuple[QuoteLine, ...] | None, dialect: Dialect) -> Any:
        """Return the lines as JSON can hold them."""
        plain = LinesColumn().process_bind_param(value, dialect)
        for stored, line in zip(plain, value or (), strict=True):
            stored["base_price"] = _text(line.base_price)
            stored["given_by"] = line.given_by
            stored["days_per_unit"] = _text(line.days_per_unit)
            stored["unit"], stored["tax_rate"] = line.unit, _text(line.tax_rate)
            stored["tax_included"] = line.tax_included
        return plain

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[QuoteLine, ...]:
        """Return the stored lines."""
        plain = LinesColumn().process_result_value(value, dialect)
        return tuple(
            QuoteLine(
                product_id=line.product_id,
                product_name=line.product_name,
                quantity=line.quantity,
                unit_price=line.unit_price,
                typed=stored.get("typed", False),
                base_price=_number(stored.get("base_price")),
                given_by=stored.get("given_by"),
                days_per_unit=_number(stored.get("days_per_unit")),
                unit=stored.get("unit"),
                tax_rate=_number(stored.get("tax_rate")),
                tax_included=stored.get("tax_included"),
            )
            for line, stored in zip(plain, value, strict=True)
        )


def _text(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
