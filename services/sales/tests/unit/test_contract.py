"""When the money of a contract comes, and how far a contract can go (S10; 1.4, item 3)."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from kehu_sales.contracts import errors
from kehu_sales.contracts.models import Contract
from kehu_sales.contracts.plan import Share, require_payable, shares_of
from kehu_sales.quotes.lines import QuoteLine

DAY = date(2026, 6, 1)
NOTHING = Decimal(0)


def percents(*parts: str) -> list[Share]:
    return [Share(DAY, NOTHING, Decimal(part)) for part in parts]


def amounts(plan: tuple[Share, ...]) -> list[str]:
    return [str(share.amount) for share in plan]


def contract(**fields: object) -> Contract:
    values: dict[str, object] = {
        "number": "CON-2026-000007", "state": "draft", "total": Decimal("100.00"),
        "collected": Decimal("0.00"), "currency": "CNY", "signed_on": DAY, "starts_on": DAY,
        "instalments": (Share(DAY, Decimal("100.00")),),
    }  # fmt: skip
    return Contract(**values | fields)


class TestPlan:
    def test_the_last_percentage_takes_the_rest(self) -> None:
        plan = shares_of(percents("33.33", "33.33", "33.34"), Decimal("100.01"))
        assert amounts(plan) == ["33.33", "33.33", "33.35"]
        require_payable(plan, Decimal("100.01"), DAY)

    def test_rounding_takes_no_more_than_there_is_left(self) -> None:
        plan = shares_of(percents("60", "30", "10"), Decimal("0.01"))
        assert amounts(plan) == ["0.01", "0.00", "0.00"]

    def test_percentages_that_make_no_hundred(self) -> None:
        with pytest.raises(errors.PercentsDoNotAddUp):
            shares_of(percents("30", "60"), Decimal(100))

    def test_amounts_and_percentages_do_not_mix(self) -> None:
        with pytest.raises(errors.AmountOrPercent):
            shares_of([Share(DAY, Decimal(10)), *percents("100")], Decimal(100))

    def test_amounts_a_cent_short(self) -> None:
        plan = (Share(DAY, Decimal("30.00")), Share(DAY, Decimal("69.99")))
        with pytest.raises(errors.PlanDoesNotAddUp):
            require_payable(plan, Decimal("100.00"), DAY)

    def test_follows_another_total(self) -> None:
        one = contract(instalments=tuple(percents("50", "50")))
        line = QuoteLine(uuid4(), "工作站", Decimal(3), Decimal("33.35"))
        one.agree((line,), "CNY", Decimal(0))
        assert (str(one.total), amounts(one.instalments)) == ("100.05", ["50.02", "50.03"])

    def test_nothing_is_due_before_the_signing(self) -> None:
        early = Share(date(2026, 5, 31), Decimal("100.00"))
        with pytest.raises(errors.DueBeforeSigning):
            contract(instalments=(early,)).require_sound()


class TestLife:
    def test_what_is_agreed_to_is_not_un_approved(self) -> None:
        with pytest.raises(errors.ContractInForce):
            contract(state="approved").follow("revoked", DAY)

    def test_what_is_given_back_is_a_draft_again(self) -> None:
        one = contract(state="in_approval")
        one.follow("rejected", DAY)
        assert (one.state, one.approved_on) == ("draft", None)

    def test_is_not_fulfilled_before_all_money_is_in(self) -> None:
        one = contract(state="approved", collected=Decimal("99.99"))
        with pytest.raises(errors.ContractNotCollected):
            one.fulfil(DAY)
        one.collect(Decimal("0.01"))
        one.fulfil(DAY)
        assert one.state == "fulfilled"

    def test_money_taken_back_opens_a_fulfilled_one(self) -> None:
        one = contract(state="fulfilled", collected=Decimal("100.00"), closed_on=DAY)
        one.collect(Decimal("-40.00"))
        assert (one.state, one.closed_on, str(one.open.amount)) == ("approved", None, "40.00")

    def test_is_not_cancelled_while_money_is_in(self) -> None:
        with pytest.raises(errors.ContractHasReceipts):
            contract(state="approved", collected=Decimal("0.01")).cancel(DAY, "取消")
