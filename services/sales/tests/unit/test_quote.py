"""What is given off, what a day costs, and when a quote changes (4 section 6)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from kehu_kernel.errors import DomainError
from kehu_sales.contracts.errors import QuoteHasContract
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.products.models import Product, per_day
from kehu_sales.quote_advice.rules import Trait, advise, all_advice
from kehu_sales.quote_policy.models import QuotePolicy
from kehu_sales.quotes import errors
from kehu_sales.quotes.lines import QuoteLine, is_below_floor, largest_discount, total_of
from kehu_sales.quotes.models import Quote
from kehu_sales.quotes.warnings import WORDS, QuoteWarning, has_other_price, too_early

PRODUCT, DAY = uuid4(), date(2026, 3, 2)
NONE = Decimal(0)


def line(unit: str, base: str | None = "100", quantity: str = "2") -> QuoteLine:
    return QuoteLine(
        PRODUCT,
        "工作站",
        Decimal(quantity),
        Decimal(unit),
        base_price=Decimal(base) if base else None,
    )


def quote(state: str, **fields: object) -> Quote:
    values: dict[str, object] = {"number": "QUO-2026-000007", "revision": 1} | fields
    return Quote(state=state, **values)


class TestPricePerDay:
    def test_a_box_for_450_that_lasts_a_month_costs_15_a_day(self) -> None:
        assert per_day(Decimal(450), Decimal(30)) == Decimal("15.00")

    def test_so_does_the_course_of_three_boxes(self) -> None:
        assert per_day(Decimal(1350), Decimal(90)) == Decimal("15.00")

    def test_nobody_knows_how_long_it_lasts(self) -> None:
        assert per_day(Decimal(450), None) is None

    def test_ten_percent_off_the_whole_quote_make_it_13_50(self) -> None:
        box = replace(line("450"), days_per_unit=Decimal(30))
        assert box.per_day(NONE) == Decimal("15.00")
        assert box.per_day(Decimal(10)) == Decimal("13.50")


class TestDiscounts:
    def test_of_a_line_and_of_the_whole_add_up(self) -> None:
        lines = [line("90"), line("95")]
        assert lines[0].discount_percent == Decimal("10.00")
        assert largest_discount(lines, Decimal(10)) == Decimal("19.00")
        assert total_of(lines, Decimal(10)) == Decimal("333.00")

    def test_a_dearer_line_has_none(self) -> None:
        assert line("110").discount_percent == 0

    def test_of_a_line_nobody_has_a_price_for(self) -> None:
        assert line("90", base=None).discount_with(Decimal(5)) == 5

    def test_limits_are_those_of_the_most_generous_role(self) -> None:
        policy = QuotePolicy(limits={"rep": "5", "manager": "15.00"})
        assert policy.limit_of({"rep", "manager"}) == 15
        assert policy.limit_of({"stranger"}) == 0
        assert policy.limit_of(()) == 0

    @pytest.mark.parametrize(
        ("unit", "off", "below"),
        [("80", "0", False), ("79.99", "0", True), ("90", "11", False), ("90", "12", True)],
    )
    def test_the_floor_counts_after_everything(self, unit: str, off: str, below: bool) -> None:
        product = Product(
            list_price=Decimal(100), list_price_currency="CNY", floor_price=Decimal(80)
        )
        assert is_below_floor(line(unit), product, Decimal(off), "CNY") is below

    def test_a_floor_in_another_currency_cannot_be_compared(self) -> None:
        product = Product(
            list_price=Decimal(100), list_price_currency="CNY", floor_price=Decimal(80)
        )
        assert is_below_floor(line("1000"), product, NONE, "USD")
        product.floor_price = None
        assert not is_below_floor(line("1"), product, NONE, "USD")


class TestValueBeforePrice:
    def test_need_and_solution_come_first(self) -> None:
        fresh = Opportunity(need=None, success_rate=None)
        assert too_early(fresh, 50) == [
            QuoteWarning.NEED_NOT_RECORDED, QuoteWarning.SOLUTION_NOT_PRESENTED
        ]  # fmt: skip
        preparing = Opportunity(need="更换 40 台工作站", success_rate=50)
        assert too_early(preparing, 50) == [QuoteWarning.SOLUTION_NOT_PRESENTED]
        past_it = Opportunity(need="更换 40 台工作站", success_rate=51)
        assert too_early(past_it, 50) == []

    def test_a_solution_the_customer_accepted_was_presented_in_whatever_stage(self) -> None:
        accepted = Opportunity(need="更换 40 台工作站", success_rate=10, solution_accepted_on=DAY)
        assert too_early(accepted, 50) == []

    def test_who_just_asks_for_a_price_is_told_one(self) -> None:
        assert too_early(None, 50) == []

    def test_every_warning_has_words(self) -> None:
        assert set(WORDS) == set(QuoteWarning)


class TestTwoPricesForOneProduct:
    def test_are_found(self) -> None:
        assert has_other_price([line("90")], [line("95")])

    def test_not_where_price_or_quantity_say_why(self) -> None:
        assert not has_other_price([line("90")], [line("90")])
        assert not has_other_price([line("90", quantity="50")], [line("95", quantity="2")])


class TestLife:
    def test_only_what_is_approved_is_sent_and_only_while_it_holds(self) -> None:
        for state in ("draft", "in_approval", "sent", "expired"):
            with pytest.raises(errors.QuoteNotReady):
                quote(state).send(DAY)
        with pytest.raises(errors.QuoteHasExpired):
            quote("approved", expires_on=date(2026, 3, 1)).send(DAY)
        sent = quote("approved", expires_on=DAY)
        sent.send(DAY)
        assert (sent.state, sent.sent_on) == ("sent", DAY)

    def test_the_customer_answers_what_was_sent(self) -> None:
        yes, no = quote("sent"), quote("sent")
        yes.accept(DAY)
        no.reject(DAY, "价格过高")
        assert (yes.state, no.state, no.close_reason) == ("accepted", "rejected", "价格过高")
        with pytest.raises(errors.QuoteNotReady):
            yes.reject(DAY, "太贵")

    def test_what_is_out_cannot_be_un_approved(self) -> None:
        with pytest.raises(errors.QuoteIsOut):
            quote("sent").follow("revoked")
        back = quote("approved")
        back.follow("revoked")
        assert back.state == "draft"

    @pytest.mark.parametrize(
        ("state", "after"),
        [("approved", "superseded"), ("sent", "superseded"), ("rejected", "rejected"),
         ("expired", "expired")],
    )  # fmt: skip
    def test_a_new_version_takes_its_place(self, state: str, after: str) -> None:
        old = quote(state)
        old.supersede()
        assert old.state == after

    @pytest.mark.parametrize(
        ("state", "refusal"),
        [("draft", errors.QuoteNotReady), ("accepted", errors.QuoteNotReady),
         ("cancelled", errors.QuoteNotReady),
         ("superseded", errors.NewerVersion)],
    )  # fmt: skip
    def test_nothing_to_revise(self, state: str, refusal: type[DomainError]) -> None:
        with pytest.raises(refusal):
            quote(state).supersede()

    def test_a_cancelled_version_can_be_made_anew_for_the_offer_that_gave_way_to_it(self) -> None:
        second = quote("cancelled", number="QUO-2026-000007-2", revision=2)
        second.supersede()
        assert second.state == "cancelled"

    @pytest.mark.parametrize("state", ["approved", "sent"])
    def test_what_a_contract_says_is_not_revised(self, state: str) -> None:
        with pytest.raises(QuoteHasContract):
            quote(state, contract_id=uuid4()).supersede()

    @pytest.mark.parametrize("state", ["draft", "approved"])
    def test_is_given_up_for_good(self, state: str) -> None:
        one = quote(state)
        one.cancel(DAY, "客户项目取消")
        assert (one.state, one.closed_on, one.close_reason) == ("cancelled", DAY, "客户项目取消")
        with pytest.raises(errors.QuoteNotReady):
            one.cancel(DAY, "再次取消")
        with pytest.raises(errors.QuoteIsOut):
            one.follow("revoked")

    @pytest.mark.parametrize(
        "state", ["in_approval", "sent", "accepted", "rejected", "superseded", "expired"]
    )
    def test_is_not_given_up_while_it_waits_or_is_out(self, state: str) -> None:
        with pytest.raises(errors.QuoteNotReady):
            quote(state).cancel(DAY, "客户项目取消")

    def test_is_not_given_up_under_a_contract(self) -> None:
        with pytest.raises(QuoteHasContract):
            quote("approved", contract_id=uuid4()).cancel(DAY, "客户项目取消")

    def test_versions_are_numbered(self) -> None:
        assert quote("sent").next_number() == "QUO-2026-000007-2"
        second = quote("sent", number="QUO-2026-000007-2", revision=2)
        assert second.next_number() == "QUO-2026-000007-3"


class TestAdvice:
    def test_of_the_five_principles(self) -> None:
        said = {rule.trait.value: rule.position.value for rule in advise(list(Trait))}
        assert said == {
            "key_account": "higher", "low_purchasing_power": "lower",
            "knows_product": "near_floor", "direct": "bottom_line",
            "does_not_know_product": "higher", "price_sensitive": "patience",
        }  # fmt: skip
        assert advise([]) == ()
        assert [len(part) for part in all_advice()] == [6, 3, 3]
