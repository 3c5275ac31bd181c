"""When a fact falls due, how complete an archive is, and whom a profile is asked of."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from kehu_customer.archives.completeness import AskedSection, asked_of, completeness
from kehu_customer.archives.errors import FactIsHistory
from kehu_customer.archives.models import Fact, Step, Verification, due, months_after
from kehu_customer.profiles.errors import SectionCodesRepeat, SectionsStay, UnknownSection
from kehu_customer.profiles.models import FactDefinition, Profile
from kehu_kernel.business_day import DateBeforePrevious
from kehu_kernel.clock import now

MAY = date(2026, 5, 31)


def profile(*sections: str, **fields: Any) -> Profile:
    made = Profile(
        **{"id": uuid4(), "code": "p", "kind": None, "roles": [], "active": True} | fields
    )
    made.set_up(
        [
            {"code": code, "name_zh": code, "name_en": code, "weight": "1", "active": True}
            for code in sections
        ]
    )
    return made


def section(weight: str, *facts: str) -> AskedSection:
    definitions = [FactDefinition(id=uuid4(), weight=Decimal(one)) for one in facts]
    return AskedSection(profile("s"), "s", "s", "s", Decimal(weight), definitions)


def ids(*facts: FactDefinition) -> set[UUID]:
    return {fact.id for fact in facts}


class TestDue:
    def test_what_a_third_party_says_is_due_until_it_is_confirmed(self) -> None:
        assert due(MAY, None, needs_confirmation=True, validity_months=None) == MAY
        assert due(MAY, None, needs_confirmation=True, validity_months=12) == MAY
        assert due(MAY, MAY, needs_confirmation=True, validity_months=None) is None

    def test_what_we_found_out_ourselves_holds_for_its_validity(self) -> None:
        days = due(MAY, None, needs_confirmation=False, validity_months=12)
        assert days == date(2027, 5, 31)

    def test_the_validity_begins_anew_with_a_verification(self) -> None:
        verified = date(2026, 8, 1)
        assert due(MAY, verified, needs_confirmation=True, validity_months=3) == date(2026, 11, 1)

    def test_without_a_validity_it_never_falls_due(self) -> None:
        assert due(MAY, None, needs_confirmation=False, validity_months=None) is None

    @pytest.mark.parametrize(
        ("day", "months", "expected"),
        [
            (date(2026, 1, 31), 1, date(2026, 2, 28)),
            (date(2024, 2, 29), 12, date(2025, 2, 28)),
            (date(2026, 11, 30), 3, date(2027, 2, 28)),
            (date(2026, 12, 15), 12, date(2027, 12, 15)),
            (date(9999, 6, 1), 12, date(9999, 6, 1)),
        ],
    )
    def test_months_end_where_the_month_ends(self, day: date, months: int, expected: date) -> None:
        assert months_after(day, months) == expected

    def test_its_due_day_counts(self) -> None:
        fact = Fact(due_on=MAY)
        assert fact.is_due(MAY)
        assert not fact.is_due(date(2026, 5, 30))
        assert not Fact().is_due(MAY)

    def test_another_due_day_is_told_anew(self) -> None:
        fact = Fact(known_on=MAY, due_on=MAY, due_told_at=now())
        assert not fact.fall_due(needs_confirmation=True, validity_months=None)
        assert fact.due_told_at is not None
        assert fact.fall_due(needs_confirmation=False, validity_months=6)
        assert (fact.due_on, fact.due_told_at) == (date(2026, 11, 30), None)


class TestFact:
    def test_is_not_verified_before_it_was_known(self) -> None:
        with pytest.raises(DateBeforePrevious):
            Fact(known_on=MAY).verify(Verification(date(2026, 5, 30), "li.na", "电话"))

    def test_that_is_history_stays_so(self) -> None:
        fact = Fact(known_on=MAY)
        fact.finish(Step.WITHDRAWN, now(), by="li.na", reason="误录", code="taste")
        with pytest.raises(FactIsHistory) as refused:
            fact.finish(Step.CORRECTED, now(), by="li.na", reason=None, code="taste")
        assert "已撤回" in refused.value.message("zh")


class TestCompleteness:
    def test_sections_count_alike_however_many_facts_they_have(self) -> None:
        small, large = section("1", "1"), section("1", "1", "1", "1", "1")
        assert completeness([small, large], ids(*small.facts)) == Decimal(50)
        assert completeness([small, large], ids(large.facts[0])) == Decimal("12.50")

    def test_weights_of_sections_and_facts(self) -> None:
        heavy, light = section("3", "2", "1"), section("1", "1")
        assert completeness([heavy, light], ids(heavy.facts[0])) == Decimal("50.00")

    def test_is_rounded_half_up(self) -> None:
        third = section("1", "1", "1", "1")
        assert completeness([third], ids(*third.facts[:2])) == Decimal("66.67")

    def test_what_weighs_nothing_does_not_count(self) -> None:
        counted, weightless, empty = section("1", "1"), section("1", "0"), section("1")
        assert completeness([counted, weightless, empty], ids(*counted.facts)) == Decimal(100)

    def test_where_nothing_is_asked(self) -> None:
        assert completeness([], set()) == Decimal(0)
        assert completeness([section("0", "1")], set()) == Decimal(0)

    def test_everything_is_known(self) -> None:
        sections = [section("0.3", "0.7", "0.7"), section("7", "3")]
        known = {fact.id for one in sections for fact in one.facts}
        assert completeness(sections, known) == Decimal("100.00")


class TestProfile:
    def test_kind_and_roles_decide_of_whom_it_is_asked(self) -> None:
        person = profile("s", kind="person")
        dealer = profile("s", roles=["distributor", "franchisee"])
        assert person.is_asked_of("person", ["consumer"])
        assert not person.is_asked_of("organisation", ["consumer"])
        assert dealer.is_asked_of("organisation", ["merchant", "distributor"])
        assert dealer.is_asked_of("person", ["franchisee"])
        assert not dealer.is_asked_of("organisation", ["merchant"])
        assert not profile("s", active=False).is_asked_of("person", [])

    def test_a_distributor_is_an_enterprise_and_a_dealer(self) -> None:
        enterprise = profile("basic", code="enterprise", kind="organisation")
        dealer = profile("market", code="dealer", roles=["distributor"])
        person = profile("basic", code="person", kind="person")
        asked = asked_of("organisation", ["distributor"], [dealer, enterprise, person], [])
        assert [one.profile.code for one in asked] == ["dealer", "enterprise"]

    def test_what_is_retired_is_not_asked(self) -> None:
        form = profile("basic", "family")
        form.sections[1]["active"] = False
        facts = [
            FactDefinition(id=uuid4(), profile_id=form.id, section_code=code, active=active)
            for code, active in (("basic", True), ("basic", False), ("family", True))
        ]
        (basic,) = asked_of("person", [], [form], facts)
        assert (basic.code, basic.facts) == ("basic", facts[:1])

    def test_sections_stay_and_are_named_once(self) -> None:
        form = profile("basic", "family")
        with pytest.raises(SectionsStay):
            form.set_up(form.sections[:1])
        with pytest.raises(SectionCodesRepeat):
            form.set_up([*form.sections, form.sections[0]])
        with pytest.raises(UnknownSection):
            form.require_section("career")
