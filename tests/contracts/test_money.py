"""Money and decimals travel as strings and never change on the way."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from kehu_contracts.base import DecimalText
from kehu_contracts.money import Money

decimals: TypeAdapter[Decimal] = TypeAdapter(DecimalText)


class TestMoney:
    @pytest.mark.parametrize(
        ("amount", "text"),
        [("1", "1.00"), ("1.5", "1.50"), ("-0.00", "0.00"), ("1E+3", "1000.00"), ("1.230", "1.23")],
    )
    def test_always_has_two_places(self, amount: str, text: str) -> None:
        money = Money(amount=Decimal(amount), currency="CNY")
        assert money.model_dump_json() == f'{{"amount":"{text}","currency":"CNY"}}'

    @pytest.mark.parametrize("amount", ["0.005", "NaN", "Infinity", "1" + 16 * "0"])
    def test_refuses_rather_than_rounds(self, amount: str) -> None:
        with pytest.raises(ValidationError):
            Money(amount=Decimal(amount), currency="CNY")

    @pytest.mark.parametrize("currency", ["cny", "RMB¥", "", "CN"])
    def test_with_a_bad_currency(self, currency: str) -> None:
        with pytest.raises(ValidationError):
            Money(amount=Decimal(1), currency=currency)

    @given(st.decimals(min_value=-(10**15), max_value=10**15, places=2))
    def test_survives_the_trip(self, amount: Decimal) -> None:
        money = Money(amount=amount, currency="CNY")
        assert Money.model_validate_json(money.model_dump_json()) == money
        assert money.amount == amount


class TestDecimalText:
    @given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9))
    def test_survives_the_trip(self, value: Decimal) -> None:
        assert decimals.validate_json(decimals.dump_json(value)) == value

    def test_has_no_exponent(self) -> None:
        assert decimals.dump_json(Decimal("0E-7")) == b'"0.0000000"'
