"""What the texts advise about visits (4 §2.4-2.8): never a refusal, always with numbers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kehu_sales.visit_policy.defaults import default_policy
from kehu_sales.visit_policy.limits import Limits
from kehu_sales.visits.advice import TEXTS, Around, advice
from kehu_sales.visits.models import Visit

ZONE = "Asia/Shanghai"
QUIET = Around(first_visit=False, visits_that_day=1, refused_firmly=False, superior_told=True)
FIRST = replace(QUIET, first_visit=True)


def at(hour: int, minute: int = 0) -> datetime:
    """Return a moment of a day in Shanghai."""
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def codes(
    around: Around = QUIET,
    limits: Limits = Limits(),  # noqa: B008 - immutable
    kind: str = "new_customer",
    **fields: Any,
) -> set[str]:
    plain = {
        "status": "planned", "mode": "appointment", "host": "other", "starts_at": at(10),
        "ends_at": at(10, 40), "business_trip": False,
    }  # fmt: skip
    visit = Visit(**plain | fields)
    type_ = default_policy().type_in_use(kind)
    return {one.code for one in advice(visit, type_, limits, around, now=at(20), zone=ZONE)}


def test_an_ordinary_visit_needs_no_advice() -> None:
    assert codes() == set()
    assert codes(FIRST) == set()


class TestFirstVisit:
    @pytest.mark.parametrize(
        ("minutes", "expected"),
        [
            (14, {"first-visit-too-short"}),
            (15, set()),
            (60, set()),
            (61, {"first-visit-too-long"}),
        ],
    )
    def test_takes_15_to_60_minutes(self, minutes: int, expected: set[str]) -> None:
        assert codes(FIRST, ends_at=at(10) + timedelta(minutes=minutes)) == expected

    def test_what_it_really_took_counts(self) -> None:
        assert codes(FIRST, checked_in_at=at(9, 58), ended_at=at(10, 3)) == {
            "first-visit-too-short"
        }

    def test_a_later_one_may_take_longer(self) -> None:
        assert codes(ends_at=at(14)) == set()


class TestTalk:
    def test_an_introduction_of_more_than_two_minutes(self) -> None:
        assert codes(introduction_minutes=2) == set()
        assert codes(introduction_minutes=3) == {"introduction-too-long"}

    @pytest.mark.parametrize(
        ("split", "expected"),
        [
            ((15, 5, 10), set()),
            ((30, 10, 20), set()),
            ((10, 5, 15), {"listened-too-little", "presented-too-much"}),
            ((20, 2, 8), {"asked-too-little"}),
            ((0, 0, 0), set()),
        ],
    )
    def test_is_split_15_to_5_to_10(self, split: tuple[int, int, int], expected: set[str]) -> None:
        listened, asked, presented = split
        told = codes(listened_minutes=listened, asked_minutes=asked, presented_minutes=presented)
        assert told == expected

    def test_a_contract_at_the_stage_of_initial_trust(self) -> None:
        assert codes(proposed="contract", behaviour_stage=2) == {"proposed-too-early"}
        assert codes(proposed="contract", behaviour_stage=3) == set()
        assert codes(proposed="nothing", behaviour_stage=1) == set()


class TestPlan:
    def test_a_fifth_visit_in_a_city_on_a_day(self) -> None:
        assert codes(replace(QUIET, visits_that_day=4), city="苏州") == set()
        assert codes(replace(QUIET, visits_that_day=5), city="苏州") == {"too-many-visits-that-day"}
        three = Limits(visits_per_day_and_city=3)
        assert codes(replace(QUIET, visits_that_day=4), three, city="苏州") == {
            "too-many-visits-that-day"
        }

    @pytest.mark.parametrize(
        ("start", "expected"),
        [
            (at(9), {"unannounced-outside-windows"}),
            (at(9, 30), set()),
            (at(10), set()),
            (at(12), {"unannounced-outside-windows"}),
            (at(17), set()),
            (at(17, 30), set()),
            (at(17, 45), {"unannounced-before-closing"}),
        ],
        ids=["opening", "half past", "window ends", "noon", "an hour left", "half", "closing"],
    )
    def test_an_unannounced_visit_has_two_windows(
        self, start: datetime, expected: set[str]
    ) -> None:
        end = start + timedelta(minutes=30)
        assert codes(mode="unannounced", starts_at=start, ends_at=end) == expected

    def test_the_owner_of_a_large_company_is_phoned_first(self) -> None:
        assert "appointment-needed" in codes(mode="unannounced", host="large_company")
        assert codes(host="large_company") == set()

    def test_a_shop_is_visited_directly(self) -> None:
        assert codes(host="shop") == {"appointment-not-needed"}
        assert codes(host="individual") == {"appointment-not-needed"}

    def test_of_a_customer_who_refused_firmly(self) -> None:
        assert codes(replace(QUIET, refused_firmly=True)) == {"customer-refused-firmly"}

    def test_coming_late_to_an_appointment(self) -> None:
        assert codes(checked_in_at=at(9, 58)) == set()
        assert codes(checked_in_at=at(10, 2)) == {"arrived-late"}

    @pytest.mark.parametrize(
        ("early", "expected"),
        [(2, {"arrived-at-the-last-minute"}), (1, set()), (0, set())],
    )
    def test_coming_a_minute_before_an_appointment(self, early: int, expected: set[str]) -> None:
        limits = replace(Limits(), arrive_early_minutes=early)
        assert codes(limits=limits, checked_in_at=at(9, 59)) == expected


class TestDuties:
    def test_a_trip_the_superior_does_not_hear_of(self) -> None:
        silent = replace(QUIET, superior_told=False)
        assert codes(silent, business_trip=True) == set(), "it has not begun"
        assert codes(silent, business_trip=True, checked_in_at=at(9, 58)) == {"superior-not-told"}
        off = Limits(daily_contact_on_trips=False)
        assert codes(silent, off, business_trip=True, checked_in_at=at(9, 58)) == set()

    def test_a_promise_outside_policy(self) -> None:
        promise = {"promise": "免费安装", "within_policy": False}
        assert codes(commitments=[promise]) == {"commitment-outside-policy"}

    def test_a_report_that_is_late(self) -> None:
        assert codes(status="done", report_due_at=at(19)) == {"report-overdue"}
        assert codes(status="done", report_due_at=at(21)) == set()

    def test_a_report_without_next_step_and_market_assessment(self) -> None:
        told = codes(kind="existing_customer", status="reported", reported_at=at(12))
        assert told == {"next-step-missing", "market-assessment-missing"}
        complete = {"next_step": "送样", "market_assessment": {"market": "平稳"}}
        assert (
            codes(kind="existing_customer", status="reported", reported_at=at(12), **complete)
            == set()
        )


def test_a_visit_that_was_called_off_needs_no_advice() -> None:
    assert codes(replace(QUIET, refused_firmly=True), status="cancelled") == set()


def test_every_text_names_the_same_facts_in_both_languages() -> None:
    for english, chinese in TEXTS.values():
        assert {part.split("}")[0] for part in english.split("{")[1:]} == {
            part.split("}")[0] for part in chinese.split("{")[1:]
        }
