"""Decimals and money in request bodies: written as text, as the document says, or refused."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from kehu_contracts.base import DecimalText
from kehu_contracts.money import CurrentMoney, two_places

PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
POSITIVE = "(?=.*[1-9])"


def digits(whole: int, places: int) -> str:
    """Return the pattern of a number with so many digits at most before and behind the point."""
    return rf"(0|[1-9][0-9]{{0,{whole - 1}}})(\.[0-9]{{1,{places}}})?"


@dataclass(frozen=True)
class Written:
    """How a decimal is written; put it behind the constraints that say the same of its value.

    JSON numbers are refused, because they pass through floats, and so is what only Python takes
    for a number, e.g. `1_000` or `1e3`.
    """

    pattern: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_plain, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{self.pattern}$"}


def _plain(value: object) -> object:
    if isinstance(value, Decimal) or (isinstance(value, str) and PLAIN.fullmatch(value)):
        return value
    raise PydanticCustomError("decimal_parsing", 'Input should be a number as text, e.g. "12.50"')


class MoneyInput(CurrentMoney):
    """An amount with its currency, as a caller sends it."""

    model_config = ConfigDict(extra="forbid")

    amount: Annotated[
        DecimalText,
        Field(max_digits=18, decimal_places=2, description="Amount in units of the currency."),
        AfterValidator(two_places),
        Written(f"-?{digits(16, 2)}"),
    ]


class PriceInput(MoneyInput):
    """An amount that is nothing or more."""

    amount: Annotated[
        DecimalText,
        Field(ge=0, max_digits=18, decimal_places=2, description="Amount, not negative."),
        AfterValidator(two_places),
        Written(digits(16, 2)),
    ]
