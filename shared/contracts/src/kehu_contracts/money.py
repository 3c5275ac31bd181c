"""An amount of money as it travels in events and APIs."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from kehu_contracts.base import DecimalText, Fragment

CENT = Decimal("0.01")


def two_places(amount: Decimal) -> Decimal:
    """Return the amount with exactly two decimal places."""
    return (amount + 0).quantize(CENT)  # the sum turns -0 into 0


class Money(Fragment):
    """An amount with its currency, `{"amount": "123.45", "currency": "CNY"}`.

    More than two decimal places are refused, not rounded: rounding is the caller's decision.
    """

    amount: Annotated[
        DecimalText,
        Field(
            max_digits=18,
            decimal_places=2,
            description="Amount in units of the currency, always with two decimal places.",
        ),
        AfterValidator(two_places),
    ]
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="Currency code, ISO 4217.")
