"""Exactly one price is the answer, whatever lists there are (2 L583, T18)."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_contracts.money import Money
from kehu_sales.price_lists.models import Audience
from kehu_sales.prices.choosing import RANKS, Answer, Offer, choose
from kehu_sales.prices.errors import NoPriceInCurrency, TaxRateUnknown
from kehu_sales.products.models import Product

DAY = date(2026, 3, 1)


def offer(
    audience: Audience | None = Audience.EVERYBODY,
    *,
    number: int = 1,
    starts: int = 0,
    from_quantity: str = "0",
    price: str = "100",
) -> Offer:
    """Return an offer of a list with this number."""
    return Offer(
        price=Money(amount=Decimal(price), currency="CNY"),
        tax_included=True,
        audience=audience,
        price_list_id=UUID(int=number) if audience else None,
        number=f"PRICE-2026-{number:06d}" if audience else "",
        starts_on=DAY + timedelta(days=starts),
        from_quantity=Decimal(from_quantity),
    )


offers = st.builds(
    offer,
    st.sampled_from(list(Audience)),
    number=st.integers(1, 2_000_000),
    starts=st.integers(0, 3),
    from_quantity=st.sampled_from(["0", "5", "10"]),
    price=st.sampled_from(["90", "100"]),
)
lists = st.lists(offers, max_size=8, unique_by=lambda one: (one.number, one.from_quantity))


class TestWhichPriceHolds:
    def test_the_list_price_where_no_list_has_one(self) -> None:
        assert choose([offer(None)]) == (offer(None), ())

    def test_the_narrower_audience_whatever_is_newer_or_cheaper(self) -> None:
        customer = offer(Audience.CUSTOMER, number=1, price="120")
        segment = offer(Audience.SEGMENT, number=2, starts=1, price="110")
        tier = offer(Audience.TIER, number=3, starts=2, price="90")
        everybody = offer(Audience.EVERYBODY, number=4, starts=3, price="80")
        own = offer(None, price="10")
        found = choose([own, everybody, tier, segment, customer])
        assert found == (customer, (segment, tier, everybody, own))

    def test_of_one_rank_the_newest_list_and_then_the_newest_number(self) -> None:
        older, newer = offer(number=9), offer(number=2, starts=1)
        same_day = offer(number=10, starts=1)
        assert choose([older, same_day, newer]) == (same_day, (newer, older))
        assert choose([offer(Audience.TIER, number=1), offer(Audience.CLASS, number=2)])[
            0
        ].number.endswith("2")

    def test_numbers_that_outgrew_their_digits_are_newer(self) -> None:
        assert choose([offer(number=999_999), offer(number=1_000_000)])[0].number.endswith(
            "1000000"
        )

    def test_of_one_list_only_the_highest_break(self) -> None:
        breaks = [offer(from_quantity="10", price="80"), offer(), offer(from_quantity="5")]
        assert choose(breaks) == (breaks[0], ())

    def test_there_is_always_one(self) -> None:
        with pytest.raises(ValueError, match="list price"):
            choose([])


@given(lists, st.randoms())
def test_the_answer_does_not_depend_on_the_order(found: list[Offer], random: object) -> None:
    everything = [*found, offer(None)]
    shuffled = sorted(everything, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert choose(everything) == choose(shuffled)


@given(lists)
def test_no_beaten_price_should_have_won(found: list[Offer]) -> None:
    winner, beaten = choose([*found, offer(None)])
    assert len({one.price_list_id for one in (winner, *beaten)}) == 1 + len(beaten)
    assert {one.price_list_id for one in (winner, *beaten)} == {
        one.price_list_id for one in [*found, offer(None)]
    }
    for one in beaten:
        assert RANKS[winner.audience] <= RANKS[one.audience]
        if RANKS[winner.audience] == RANKS[one.audience]:
            assert winner.starts_on >= one.starts_on


class TestTax:
    def asked(self, rate: str | None, *, tax_included: bool, price: str = "99.99") -> Answer:
        product = Product(name="工作站", tax_rate=Decimal(rate) if rate else None)
        taxed = replace(offer(price=price), tax_included=tax_included)
        return Answer(product, Decimal(1), taxed, ())

    def test_is_added_to_a_price_without_it(self) -> None:
        taxed = self.asked("13", tax_included=False).price_with_tax
        assert taxed == Money(amount=Decimal("112.99"), currency="CNY")  # 112.9887

    def test_is_not_added_twice(self) -> None:
        assert self.asked("13", tax_included=True).price_with_tax.amount == Decimal("99.99")

    def test_nobody_knows(self) -> None:
        with pytest.raises(TaxRateUnknown):
            _ = self.asked(None, tax_included=False).price_with_tax
        assert self.asked(None, tax_included=True).price_with_tax.amount == Decimal("99.99")


class TestCurrency:
    def test_the_best_price_in_the_one_asked_for(self) -> None:
        dollars = Money(amount=Decimal(70), currency="USD")
        agreed = replace(offer(Audience.CUSTOMER, number=1), price=dollars)
        everybody, own = offer(Audience.EVERYBODY, number=2), offer(None)
        found = Answer(Product(name="工作站"), Decimal(1), *choose([agreed, everybody, own]))
        assert found.within(None) == found
        assert (found.offer, found.within("USD").offer) == (agreed, agreed)
        assert found.within("CNY").offer == everybody
        assert found.within("CNY").beaten == (own,)
        with pytest.raises(NoPriceInCurrency):
            found.within("EUR")
