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
