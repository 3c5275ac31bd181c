"""Whether a contract on account fits into the customer's credit (S10, C9; 3 L2165-2169)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from kehu_contracts.money import Money
from kehu_sales.credit.errors import CreditRefused
from kehu_sales.credit.models import CreditAccountRef
from kehu_sales.credit.standing import CreditStanding, credit_findings, require_credit
from kehu_sales.credit_policy.models import DEFAULTS, CreditCheckPolicy

TODAY = date(2026, 11, 25)
WHO = UUID(int=1)


def cny(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


GOOD = CreditStanding(
    customer_id=WHO,
    head_id=WHO,
    on=TODAY,
    stopped=False,
    stop_reason=None,
    granted=True,
    limit=cny("1000"),
    open={"CNY": Decimal("400.00")},
    reserved={},
    published=None,
    report_expires_on=date(2026, 11, 26),
)
UNKNOWN = replace(GOOD, granted=False, limit=None, report_expires_on=None)


def policy(**decided: str) -> CreditCheckPolicy:
    return CreditCheckPolicy(version=0, **{**DEFAULTS, **decided})


def codes(standing: CreditStanding, asked: Money, **decided: str) -> list[tuple[str, bool]]:
    found = credit_findings(standing, asked, policy(**decided))
    return [(one.code.value, one.refuses) for one in found]


def test_the_whole_limit_may_be_used_and_not_a_cent_more() -> None:
    assert codes(GOOD, cny("600.00")) == []
    assert codes(GOOD, cny("600.01")) == [("limit_exceeded", True)]
    (found,) = credit_findings(GOOD, cny("650.50"), policy())
    assert "50.50" in found.zh
    assert "50.50 too much" in found.en


def test_every_reason_is_told_at_once() -> None:
    worst = replace(GOOD, stopped=True, stop_reason="逾期", report_expires_on=TODAY)
    found = codes(worst, cny("700"), without_report="refuse")
    assert found == [("stopped", True), ("limit_exceeded", True), ("report_expired", True)]
    told = credit_findings(worst, cny("700"), policy(without_report="refuse"))
    with pytest.raises(CreditRefused, match=r"逾期.*100\.00 too much.*2026-11-25") as refused:
        require_credit(cny("700"), told)
    assert refused.value.status == 422


def test_a_report_does_not_hold_on_the_day_it_expires() -> None:
    assert codes(replace(GOOD, report_expires_on=TODAY), cny("1")) == [("report_expired", False)]
    assert codes(replace(GOOD, report_expires_on=None), cny("1")) == [("no_report", False)]
    assert codes(replace(GOOD, report_expires_on=None), cny("1"), without_report="allow") == []


@pytest.mark.parametrize(
    ("treatment", "told"),
    [
        ("allow", []),
        ("warn", [("no_credit_file", False)]),
        ("refuse", [("no_credit_file", True)]),
    ],
)
def test_a_customer_without_a_credit_file_is_treated_as_the_tenant_decided(
    treatment: str, told: list[tuple[str, bool]]
) -> None:
    assert codes(UNKNOWN, cny("999999"), without_file=treatment) == told


def test_who_is_stopped_is_refused_even_without_a_limit() -> None:
    assert codes(replace(UNKNOWN, stopped=True), cny("1"), without_file="allow") == [
        ("stopped", True)
    ]


def test_the_limit_of_last_year_is_none() -> None:
    assert codes(replace(GOOD, limit=None), cny("1")) == [("no_limit", True)]


def test_amounts_in_another_currency_are_not_added_up() -> None:
    dollars = Money(amount=Decimal(1), currency="USD")
    assert codes(GOOD, dollars) == [("currency_differs", True)]
    mixed = replace(GOOD, open={"CNY": Decimal("400.00"), "USD": Decimal("5.00")})
    assert codes(mixed, cny("600")) == [("other_currency_open", True)]
    assert codes(mixed, cny("601")) == [("other_currency_open", True), ("limit_exceeded", True)]
    assert codes(GOOD, cny("600")) == []


def test_what_other_documents_have_reserved_is_used_besides_open_contracts() -> None:
    besides = replace(GOOD, reserved={"CNY": Decimal("250.00")})
    assert besides.used == {"CNY": Decimal("650.00")}
    assert besides.available == cny("350.00")
    assert codes(besides, cny("350.00")) == []
    assert codes(besides, cny("350.01")) == [("limit_exceeded", True)]
    dollars = replace(GOOD, reserved={"USD": Decimal("1.00")})
    assert codes(dollars, cny("1")) == [("other_currency_open", True)]


def test_what_the_customer_service_counts_for_our_contracts_is_taken_out_of_its_exposure() -> None:
    account = CreditAccountRef(exposure=Decimal("950.00"), contracted=Decimal("700.00"))
    assert account.reserved == Decimal("250.00")
    old = CreditAccountRef(exposure=Decimal("250.00"), contracted=None)
    assert old.reserved == Decimal("250.00")
    assert CreditAccountRef(exposure=None, contracted=None).reserved == 0
