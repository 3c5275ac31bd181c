"""An amount of money as it travels in events and APIs."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from kehu_contracts.base import DecimalText, Fragment

CENT = Decimal("0.01")
LIST_ONE = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
    CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
    GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD
    KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN
    NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES
    VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = tuple(LIST_ONE.split())
"""Currencies that are paid in: ISO 4217, list one (six-group.com, amendment 179), and the lev.

Bulgaria's was replaced in 2026: what was agreed before is still paid. There are no funds, metals,
units of account, nor codes for tests.
"""


def current_currency(code: str) -> str:
    """Return the code of a currency that is paid in. Raises a validation error for others."""
    if code not in CURRENCIES:
        expected = {"expected": "'CNY', 'USD', 'EUR', '... (ISO 4217)'"}
        raise PydanticCustomError("enum", "Input should be one of {expected}", expected)
    return code


CurrencyCode = TypeAliasType(
    "CurrencyCode",
    Annotated[
        str,
        AfterValidator(current_currency),
        WithJsonSchema({"type": "string", "enum": list(CURRENCIES), "title": "CurrencyCode"}),
    ],
)
"""A currency as a caller names it. What was told once is taken as it is told: see `Money`."""


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


class CurrentMoney(Money):
    """An amount in a currency that is paid in: money as a caller names it."""

    currency: CurrencyCode = Field(description="Currency code, ISO 4217.")
