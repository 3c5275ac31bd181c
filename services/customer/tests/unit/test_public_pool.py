"""The rules of the public pool (C4): the limit, the wait, the protection, and whose rules hold."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from kehu_customer.public_pool.errors import PoolLimitReached, ReturnedLately
from kehu_customer.public_pool.models import DEFAULTS, PoolRules, nearest

TODAY = date(2026, 11, 22)


def rules(**decided: object) -> PoolRules:
    return PoolRules(**{**DEFAULTS, "version": 1, **decided})


class TestLimit:
    def test_one_may_claim_up_to_the_limit(self) -> None:
        rules(max_held=3).require_room(2)
        for held in (3, 4):
            with pytest.raises(PoolLimitReached):
                rules(max_held=3).require_room(held)


class TestWait:
    def test_who_never_had_the_customer_need_not_wait(self) -> None:
        rules().require_waited(None, TODAY)

    @pytest.mark.parametrize(("lost_on", "waits"), [(16, True), (22, True), (15, False)])
    def test_who_had_it_waits_for_seven_days(self, lost_on: int, waits: bool) -> None:
        lost = date(2026, 11, lost_on)
        if not waits:
            rules(reclaim_after_days=7).require_waited(lost, TODAY)
            return
        with pytest.raises(ReturnedLately):
            rules(reclaim_after_days=7).require_waited(lost, TODAY)

    def test_a_wait_of_no_days_is_none(self) -> None:
        rules(reclaim_after_days=0).require_waited(TODAY, TODAY)


class TestProtection:
    def test_counts_from_the_day_one_got_the_customer(self) -> None:
        until = rules(protection_days=30).protected_until(date(2026, 11, 1), None)
        assert until == date(2026, 12, 1)

    def test_counts_anew_from_each_contact(self) -> None:
        until = rules(protection_days=30).protected_until(date(2026, 11, 1), date(2026, 11, 20))
        assert until == date(2026, 12, 20)

    def test_a_contact_of_the_owner_before_does_not_count(self) -> None:
        until = rules(protection_days=30).protected_until(date(2026, 11, 10), date(2026, 11, 1))
        assert until == date(2026, 12, 10)


class TestWhoseRulesHold:
    root, below, aside = uuid4(), uuid4(), uuid4()

    def test_a_department_has_its_own_or_those_of_the_nearest_above(self) -> None:
        decided: dict[UUID | None, PoolRules] = {
            None: rules(max_held=1),
            self.root: rules(max_held=2),
            self.below: rules(max_held=3),
        }
        assert nearest(decided, [self.root, self.below]).max_held == 3
        assert nearest(decided, [self.root, uuid4()]).max_held == 2
        assert nearest(decided, [self.aside]).max_held == 1
        assert nearest(decided, []).max_held == 1

    def test_without_any_decision_the_defaults_hold(self) -> None:
        found = nearest({}, [self.root])
        assert (found.version, found.max_held, found.protection_days) == (0, 100, 30)
        assert (found.reclaim_after_days, found.recycled_states) == (7, ["prospect"])
