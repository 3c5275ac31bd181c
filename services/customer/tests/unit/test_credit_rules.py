"""The rules of credit: validity of reports, years of limits, what may be taken on, releases."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_customer.credit.errors import (
    CreditAlreadyBlocked,
    CreditCurrencyDiffers,
    CreditNotBlocked,
    CreditRefused,
)
from kehu_customer.credit.models import CreditAccount
from kehu_customer.credit.standing import WORDS, CreditFinding, Standing
from kehu_customer.credit_investigations.errors import InvestigationClosed
from kehu_customer.credit_investigations.models import CreditInvestigation, InvestigationState
from kehu_customer.credit_limits.errors import LimitBelowUsed, LimitPeriodOver
from kehu_customer.credit_limits.models import CreditLimit
from kehu_customer.credit_policy.errors import (
    ReportMonthsContradict,
    ReportMonthsOutOfRange,
    ThresholdsContradict,
)
from kehu_customer.credit_policy.models import DEFAULTS, CreditPolicy
from kehu_customer.credit_policy.thresholds import Ratio
from kehu_customer.credit_reports.errors import AgencyMissing
from kehu_customer.credit_reports.models import CreditReport, months_after
from kehu_customer.credit_reservations.errors import ReleaseTooLarge, ReservationClosed
from kehu_customer.credit_reservations.models import CreditReservation, ReservationState
from kehu_customer.financial_statements.errors import PeriodBackwards
from kehu_customer.financial_statements.models import FinancialStatement
from kehu_kernel import ids

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
TODAY = date(2026, 6, 1)
HEAD, BRANCH = ids.new_id(), ids.new_id()


class TestReport:
    @pytest.mark.parametrize(
        ("reported_on", "months", "expires_on"),
        [
            (date(2026, 3, 1), 3, date(2026, 6, 1)),
            (date(2026, 3, 1), 12, date(2027, 3, 1)),
            (date(2025, 8, 31), 6, date(2026, 2, 28)),  # that month has no 31st
            (date(2023, 8, 31), 6, date(2024, 2, 29)),
            (date(2026, 12, 15), 12, date(2027, 12, 15)),
        ],
    )
    def test_expires_after_its_months(
        self, reported_on: date, months: int, expires_on: date
    ) -> None:
        assert months_after(reported_on, months) == expires_on

    def test_holds_from_its_day_until_the_day_before_it_expires(self) -> None:
        report = CreditReport(reported_on=date(2026, 3, 1), expires_on=date(2026, 6, 1))
        days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 5, 31), date(2026, 6, 1)]
        assert [report.valid_on(day) for day in days] == [False, True, True, False]

    def test_takes_the_place_of_an_earlier_one(self) -> None:
        former = CreditReport(reported_on=date(2026, 3, 1))
        report = CreditReport(reported_on=date(2026, 5, 1))
        report.follow(former, NOW)
        assert (former.superseded_at, report.superseded_at) == (NOW, None)

    def test_found_late_it_does_not_take_the_place_of_a_later_one(self) -> None:
        latest = CreditReport(reported_on=date(2026, 5, 1))
        found_late = CreditReport(reported_on=date(2026, 3, 1))
        found_late.follow(latest, NOW)
        assert (latest.superseded_at, found_late.superseded_at) == (None, NOW)

    def test_of_an_agency_names_it(self) -> None:
        with pytest.raises(AgencyMissing):
            CreditReport(source="agency").require_agency()
        CreditReport(source="agency", agency="华夏国际").require_agency()
        CreditReport(source="own").require_agency()

    @given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(1, 120))
    def test_a_longer_validity_never_ends_earlier(self, day: date, months: int) -> None:
        assert day < months_after(day, months) <= months_after(day, months + 1)


class TestPolicy:
    def test_a_report_is_valid_for_three_to_twelve_months_unless_decided_otherwise(self) -> None:
        policy = CreditPolicy(**DEFAULTS)
        assert [policy.validity(months) for months in (3, 12, None)] == [3, 12, 12]
        for months in (2, 13):
            with pytest.raises(ReportMonthsOutOfRange):
                policy.validity(months)
        policy.decide({"report_months_max": 24, "report_months": 18})
        assert (policy.validity(24), policy.validity(None)) == (24, 18)

    def test_the_usual_validity_lies_in_between(self) -> None:
        with pytest.raises(ReportMonthsContradict):
            CreditPolicy(**DEFAULTS).decide({"report_months_max": 6})

    def test_a_fiscal_year_begins_in_its_month(self) -> None:
        policy = CreditPolicy(**DEFAULTS)
        assert policy.year_period(2026) == (date(2026, 1, 1), date(2027, 1, 1))
        policy.decide({"fiscal_year_month": 4})
        assert policy.year_period(2026) == (date(2026, 4, 1), date(2027, 4, 1))

    @pytest.mark.parametrize(
        "bounds", [("100", "90", None), (None, "50", "40"), ("60", None, "50")]
    )
    def test_thresholds_do_not_contradict_each_other(
        self, bounds: tuple[str | None, str | None, str | None]
    ) -> None:
        names = ("attention_below", "good_from", "attention_above")
        with pytest.raises(ThresholdsContradict):
            CreditPolicy(**DEFAULTS).set_thresholds(
                Ratio.DEBT, dict(zip(names, bounds, strict=True))
            )


def an_investigation() -> CreditInvestigation:
    return CreditInvestigation(customer_id=HEAD, state=InvestigationState.OPEN)


class TestInvestigation:
    def test_is_done_with_a_new_report(self) -> None:
        one, report_id = an_investigation(), ids.new_id()
        one.settle(report_id, at=NOW, by="li.na")
        assert (one.state, one.new_report_id, one.closed_by) == ("done", report_id, "li.na")

    def test_is_closed_once(self) -> None:
        one = an_investigation()
        one.cancel("业务已停止", at=NOW, by="li.na")
        with pytest.raises(InvestigationClosed):
            one.settle(ids.new_id(), at=NOW, by="li.na")
        with pytest.raises(InvestigationClosed, match="cancelled"):
            one.cancel("再次", at=NOW, by="li.na")


def test_a_statement_ends_after_it_starts() -> None:
    FinancialStatement(starts_on=TODAY, ends_on=TODAY).require_period()
    with pytest.raises(PeriodBackwards):
        FinancialStatement(starts_on=TODAY, ends_on=date(2026, 5, 31)).require_period()


def a_limit(starts_on: date = date(2026, 1, 1), ends_on: date = date(2027, 1, 1)) -> CreditLimit:
    return CreditLimit(customer_id=HEAD, starts_on=starts_on, ends_on=ends_on)


class TestLimit:
    @pytest.mark.parametrize(("amount", "overridden"), [(100, False), (80, False), (79, True)])
    def test_goes_below_what_is_used_only_by_override(self, amount: int, overridden: bool) -> None:
        limit = a_limit()
        limit.put_at(Decimal(amount), used=Decimal(80), today=TODAY, override=True)
        assert (limit.amount, limit.overridden) == (amount, overridden)
        if overridden:
            with pytest.raises(LimitBelowUsed):
                limit.put_at(Decimal(amount), used=Decimal(80), today=TODAY, override=False)

    def test_of_next_year_may_be_less_than_is_used_today(self) -> None:
        limit = a_limit(date(2027, 1, 1), date(2028, 1, 1))
        limit.put_at(Decimal(50), used=Decimal(80), today=TODAY, override=False)
        assert (limit.amount, limit.overridden) == (50, False)

    def test_of_a_year_that_is_over_stays(self) -> None:
        with pytest.raises(LimitPeriodOver):
            a_limit().put_at(Decimal(9), used=Decimal(0), today=date(2027, 1, 1), override=True)


def an_account() -> CreditAccount:
    nothing = Decimal(0)
    return CreditAccount(customer_id=HEAD, exposure=nothing, contracted=nothing, ceiling=nothing)


class TestAccount:
    def test_contracts_count_besides_reservations_and_may_pass_the_ceiling(self) -> None:
        account = an_account()
        account.take(Decimal(30), Decimal(100))
        account.count_contracts(Decimal(90))
        assert (account.exposure, account.contracted, account.ceiling) == (120, 90, 120)
        account.give_back(Decimal(30))
        account.count_contracts(Decimal(10))
        assert (account.exposure, account.contracted, account.ceiling) == (10, 10, 120)

    def test_counts_in_the_currency_of_its_first_limit(self) -> None:
        account = an_account()
        account.use_currency("CNY")
        account.use_currency("CNY")
        with pytest.raises(CreditCurrencyDiffers):
            account.use_currency("USD")

    def test_is_blocked_and_unblocked_once(self) -> None:
        account = an_account()
        with pytest.raises(CreditNotBlocked):
            account.unblock()
        account.block("逾期", at=NOW, by="li.na")
        with pytest.raises(CreditAlreadyBlocked, match="逾期"):
            account.block("再次", at=NOW, by="li.na")
        account.unblock()
        assert (account.blocked_at, account.blocked_by, account.block_reason) == (None, None, None)


def standing(**changed: Any) -> Standing:
    facts: dict[str, Any] = {
        "customer_id": BRANCH, "head_id": HEAD, "on": TODAY, "ended": False, "block_reason": None,
        "limit": Decimal(100), "currency": "CNY", "used": Decimal(80), "contracted": Decimal(50),
        "used_by_customer": Decimal(30), "contracting": frozenset(),
        "elsewhere": Decimal(0), "currencies_mixed": False, "report_id": ids.new_id(),
        "report_expires_on": date(2027, 1, 1), "report_valid": True, "report_required": False,
    }  # fmt: skip
    return Standing(**(facts | changed))


class TestMayTheCustomerTakeOnMore:
    def test_the_last_of_the_limit_but_no_more(self) -> None:
        assert standing().available == 20
        standing().require(Decimal(20), "CNY")
        with pytest.raises(CreditRefused, match=r"of the limit of 100, 80 is used: 0\.01 too much"):
            standing().require(Decimal("20.01"), "CNY")

    @pytest.mark.parametrize(
        ("facts", "against"),
        [
            ({"ended": True}, CreditFinding.CUSTOMER_HAS_ENDED),
            ({"block_reason": "逾期"}, CreditFinding.BLOCKED),
            ({"limit": None}, CreditFinding.NO_LIMIT),
            ({"currency": "USD"}, CreditFinding.CURRENCY_DIFFERS),
            ({"currencies_mixed": True}, CreditFinding.GROUP_OWES_IN_OTHER_CURRENCY),
            ({"used": Decimal(100)}, CreditFinding.LIMIT_EXCEEDED),
            ({"report_valid": False, "report_required": True}, CreditFinding.REPORT_EXPIRED),
            (
                {"report_valid": False, "report_required": True, "report_expires_on": None},
                CreditFinding.NO_REPORT,
            ),
        ],
    )
    def test_refused(self, facts: dict[str, Any], against: CreditFinding) -> None:
        with pytest.raises(CreditRefused) as refused:
            standing(**facts).require(Decimal(1), "CNY")
        (finding,) = refused.value.extra["findings"]
        assert (finding["code"], finding["refuses"]) == (against, True)
        assert finding["en"] in refused.value.message("en")
        assert finding["zh"] in refused.value.message("zh")

    def test_an_expired_report_is_a_warning_unless_the_policy_needs_one(self) -> None:
        (warning,) = standing(report_valid=False).findings(Decimal(1), "CNY")
        assert (warning.code, warning.refuses) == (CreditFinding.REPORT_EXPIRED, False)
        standing(report_valid=False).require(Decimal(1), "CNY")

    def test_everything_against_it_is_told_at_once(self) -> None:
        found = standing(block_reason="逾期", used=Decimal(100)).findings(Decimal(1), "CNY")
        assert [one.code for one in found] == [CreditFinding.BLOCKED, CreditFinding.LIMIT_EXCEEDED]

    def test_a_limit_below_what_is_used_leaves_nothing(self) -> None:
        assert standing(limit=Decimal(50)).available == 0
        assert standing(limit=None).available == 0
        assert standing(limit=Decimal(50)).exceeded == 30
        assert (standing().exceeded, standing(limit=None).exceeded) == (0, 80)

    def test_what_a_company_took_before_it_joined_counts(self) -> None:
        assert standing(elsewhere=Decimal(30)).ceiling == 70

    def test_every_finding_has_words(self) -> None:
        assert set(WORDS) == set(CreditFinding)


def a_reservation(amount: int = 100) -> CreditReservation:
    return CreditReservation(
        customer_id=BRANCH, amount=Decimal(amount), released=Decimal(0), currency="CNY",
        state=ReservationState.OPEN,
    )  # fmt: skip


class TestReservation:
    def test_is_released_in_parts_and_then_over(self) -> None:
        one = a_reservation()
        assert one.release(Decimal(40)) == 40
        assert (one.outstanding, one.state) == (60, "open")
        assert one.release(None) == 60
        assert (one.outstanding, one.state) == (0, "released")
        with pytest.raises(ReservationClosed):
            one.release(Decimal(1))

    def test_no_more_is_released_than_is_outstanding(self) -> None:
        with pytest.raises(ReleaseTooLarge):
            a_reservation().release(Decimal("100.01"))

    def test_cancelled_it_gives_back_what_is_outstanding(self) -> None:
        one = a_reservation()
        one.release(Decimal(40))
        assert one.cancel("合同解除", "li.na") == 60
        assert (one.outstanding, one.released) == (0, 40)
        with pytest.raises(ReservationClosed):
            one.cancel("再次", "li.na")

    @given(st.lists(st.none() | st.integers(1, 60), max_size=8))
    def test_what_is_set_free_never_exceeds_what_was_taken(self, asked: list[int | None]) -> None:
        one, free = a_reservation(), Decimal(0)
        for amount in asked:
            try:
                free += one.release(None if amount is None else Decimal(amount))
            except (ReleaseTooLarge, ReservationClosed):
                continue
        assert free == one.released <= 100
        assert free + one.outstanding == 100
