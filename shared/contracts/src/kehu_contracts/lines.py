"""Lines of documents."""

from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Fragment
from kehu_contracts.money import Money


class DocumentLine(Fragment):
    """One product line of an opportunity or a quote."""

    product_id: UUID = Field(description="The product.")
    product_name: str = Field(description="Name of the product when the line was written.")
    quantity: DecimalText = Field(description="Quantity, in units of the product.")
    unit_price: Money = Field(description="Agreed price of one unit.")
    amount: Money = Field(description="Quantity times unit price, rounded half-even once.")


class OfferedLine(DocumentLine):
    """One product line of a quote or a contract; its prices contain the tax."""

    unit: str | None = Field(
        default=None,
        description="Unit the quantity counts.",
        json_schema_extra={"x-added-on": "2026-11-28"},
    )
    tax_rate: DecimalText | None = Field(
        default=None,
        description="Tax contained in the price, percent.",
        json_schema_extra={"x-added-on": "2026-11-28"},
    )
