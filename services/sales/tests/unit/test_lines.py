from decimal import Decimal
from fractions import Fraction
from random import Random
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_contracts.money import Money
from kehu_sales.lines import AmountTooLarge, Line, MixedCurrencies, one_currency, total

quantities = st.decimals("0.0001", "9999999", places=4)
prices = st.decimals("0", "9999999", places=2)
lines = st.lists(
    st.builds(Line, st.just(uuid4()), st.just("产品"), quantities, prices), max_size=20
)


def line(quantity: str, price: str) -> Line:
    return Line(uuid4(), "产品", Decimal(quantity), Decimal(price))


class TestTotal:
    @given(lines)
    def test_is_the_exact_sum_rounded_half_even_once(self, lines: list[Line]) -> None:
        exact = sum(
            (Fraction(one.quantity) * Fraction(one.unit_price) for one in lines), Fraction()
        )
        assert total(lines) == Decimal(round(exact * 100)) / 100  # round() is half-even

    @given(lines, st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order(self, lines: list[Line], random: Random) -> None:
        shuffled = list(lines)
        random.shuffle(shuffled)
        assert total(shuffled) == total(lines)

    def test_rounds_at_the_end_not_per_line(self) -> None:
        lines = [line("0.5", "0.01"), line("0.5", "0.01")]
        assert [one.amount for one in lines] == [Decimal("0.00"), Decimal("0.00")]
        assert total(lines) == Decimal("0.01")

    def test_rounds_a_half_to_the_even_cent(self) -> None:
        assert line("0.5", "0.03").amount == Decimal("0.02")
        assert line("0.5", "0.01").amount == Decimal("0.00")

    def test_of_nothing_is_zero(self) -> None:
        assert str(total([])) == "0.00"

    def test_has_to_fit_the_column(self) -> None:
        with pytest.raises(AmountTooLarge):
            total([line("9999999999.9999", "9999999999.99")])


class TestOneCurrency:
    def test_of_amounts_in_the_same(self) -> None:
        amounts = [Money(amount=Decimal(n), currency="USD") for n in (1, 2)]
        assert one_currency(amounts, "CNY") == "USD"

    def test_of_no_amounts_is_the_usual(self) -> None:
        assert one_currency([], "CNY") == "CNY"

    def test_of_mixed_amounts_is_refused(self) -> None:
        with pytest.raises(MixedCurrencies) as failure:
            one_currency([Money(amount=Decimal(1), currency=c) for c in ("USD", "CNY")], "CNY")
        assert "CNY, USD" in str(failure.value)
