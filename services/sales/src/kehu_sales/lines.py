"""Product lines of documents: what an opportunity asks for and a quote offers.

Lines are values, not objects: a document replaces them as a whole, and its column holds them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from kehu_contracts.base import DecimalText
from kehu_contracts.lines import DocumentLine
from kehu_contracts.money import CENT, Money, two_places
from kehu_kernel.amounts import Written, digits
from kehu_kernel.errors import DomainError

LARGEST_AMOUNT = Decimal("9999999999999999.99")  # numeric(18, 2)
HUNDRED = Decimal(100)
NAME_IT = " Name the currency."
"""Advice where a caller may say which currency a document is in, and did not."""

PercentInput = Annotated[
    DecimalText,
    Field(ge=0, le=100, max_digits=5, decimal_places=2),
    AfterValidator(two_places),
    Written(rf"(100(\.0{{1,2}})?|{digits(2, 2)})"),
]
"""Percent in a request body, such as `12.50`."""


class MixedCurrencies(DomainError):
    """A document has one currency; here are two."""

    code = "mixed-currencies"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "All amounts of a document are in one currency; here are {currencies}.{advice}"
    zh = "同一单据的金额必须使用同一币种；此处有 {currencies}。{advice}"
    zh_words: ClassVar[Mapping[str, str]] = {NAME_IT: "请指定币种。"}


class AmountTooLarge(DomainError):
    """An amount is larger than any document can hold."""

    code = "amount-too-large"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The amount is too large; at most 9999999999999999.99 fits."
    zh = "金额过大；最大为 9999999999999999.99。"


@dataclass(frozen=True, slots=True)
class Line:
    """One product in a quantity, at the price of one unit; the document knows the currency.

    The product's name is kept as it was when the line was written. `typed`: somebody typed the
    price; nobody typed what came from the price source, or from the product.
    """

    product_id: UUID
    product_name: str
    quantity: Decimal
    unit_price: Decimal
    typed: bool = False

    @property
    def amount(self) -> Decimal:
        """Quantity times unit price, rounded half-even to two places."""
        return amount_of(self.quantity, self.unit_price)


def amount_of(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """Return quantity times price, rounded half-even to two places. Raises `AmountTooLarge`."""
    return _rounded(quantity * unit_price)


def total(lines: Iterable[Line]) -> Decimal:
    """Return the sum of all lines, rounded half-even once, at the end. Raises `AmountTooLarge`."""
    return _rounded(sum((line.quantity * line.unit_price for line in lines), Decimal(0)))


def one_currency(
    amounts: Iterable[Money], otherwise: str, *, only: str | None = None, advice: str = ""
) -> str:
    """Return the currency of all amounts, `otherwise` if there is none.

    `only` is the one they have to be in, if it is known. Raises `MixedCurrencies`, with `advice`.
    """
    known = {only} if only else set()
    currencies = sorted(known | {money.currency for money in amounts})
    if len(currencies) > 1:
        raise MixedCurrencies(currencies=", ".join(currencies), advice=advice)
    return currencies[0] if currencies else otherwise


def _rounded(amount: Decimal) -> Decimal:
    if amount > LARGEST_AMOUNT:
        raise AmountTooLarge
    return amount.quantize(CENT, ROUND_HALF_EVEN)


def contract_lines(lines: Iterable[Line], currency: str) -> list[DocumentLine]:
    """Return the lines as events carry them."""
    return [
        DocumentLine(
            product_id=line.product_id,
            product_name=line.product_name,
            quantity=line.quantity,
            unit_price=Money(amount=line.unit_price, currency=currency),
            amount=Money(amount=line.amount, currency=currency),
        )
        for line in lines
    ]


class LineRead(BaseModel):
    """One product line."""

    product_id: UUID = Field(description="The product.")
    product_name: str = Field(description="Name of the product when the line was written.")
    quantity: DecimalText = Field(description="Quantity, in units of the product.")
    unit_price: Money = Field(description="Agreed price of one unit.")
    typed: bool = Field(description="Whether somebody typed the unit price.")
    amount: Money = Field(description="Quantity times unit price, rounded half-even.")

    @classmethod
    def of(cls, line: Line, currency: str) -> Self:
        """Return the line as the API shows it."""
        return cls(
            product_id=line.product_id,
            product_name=line.product_name,
            quantity=line.quantity,
            unit_price=Money(amount=line.unit_price, currency=currency),
            typed=line.typed,
            amount=Money(amount=line.amount, currency=currency),
        )


class LinesColumn(TypeDecorator[tuple[Line, ...]]):
    """Product lines in a jsonb column; decimals are text, so that they stay exact.

    Lines of before do not say who gave their price: it counts as typed, and stays until somebody
    looks.
    """

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: tuple[Line, ...] | None, _dialect: Dialect) -> Any:
        """Return the lines as JSON can hold them."""
        return [
            {
                "product_id": str(line.product_id),
                "product_name": line.product_name,
                "quantity": format(line.quantity, "f"),
                "unit_price": format(line.unit_price, "f"),
                "typed": line.typed,
            }
            for line in value or ()
        ]

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[Line, ...]:
        """Return the stored lines."""
        return tuple(
            Line(
                product_id=UUID(line["product_id"]),
                product_name=line["product_name"],
                quantity=Decimal(line["quantity"]),
                unit_price=Decimal(line["unit_price"]),
                typed=line.get("typed", True),
            )
            for line in value
        )
