"""Rules of amendments: what came in, and what is planned, cannot be undone (S10)."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from kehu_sales.amendments.errors import (
    AmendmentBelowPlanned,
    AmendmentInForce,
    InstalmentBelowCollected,
    PaidInstalmentChanged,
    TotalBelowCollected,
)
from kehu_sales.amendments.models import AmendmentState, ContractAmendment
from kehu_sales.amendments.rules import redraw, require_money_kept, require_planned_kept
from kehu_sales.contracts.models import Contract, Instalment
from kehu_sales.contracts.plan import Share

JANUARY, MARCH, MAY = date(2026, 1, 15), date(2026, 3, 15), date(2026, 5, 15)


def contract(collected: str = "0.00", *plan: Share) -> Contract:
    return Contract(
        id=uuid4(), number="CON-2026-000001", collected=Decimal(collected), instalments=plan
    )


def due(
    position: int, on: date, amount: str, collected: str, told: date | None = None
) -> Instalment:
    return Instalment(
        position=position,
        due_on=on,
        amount=Decimal(amount),
        collected=Decimal(collected),
        overdue_told_for=told,
        overdue_count=0 if told is None else 1,
    )


def share(on: date, amount: str) -> Share:
    return Share(on, Decimal(amount))


def check(plan: list[Share], rows: list[Instalment]) -> None:
    total = sum((one.amount for one in plan), Decimal(0))
    collected = sum((one.collected for one in rows), Decimal(0))
    require_money_kept(contract(f"{collected}"), total, plan, rows)


class TestMoneyThatCameIn:
    def test_leaves_the_rest_free(self) -> None:
        rows = [due(1, JANUARY, "300.00", "300.00"), due(2, MARCH, "700.00", "100.00")]
        check([share(JANUARY, "300.00"), share(MAY, "100.00"), share(MAY, "5.00")], rows)

    def test_is_the_least_a_contract_is_worth(self) -> None:
        rows = [due(1, JANUARY, "300.00", "200.00")]
        with pytest.raises(TotalBelowCollected):
            check([share(JANUARY, "199.99")], rows)

    def test_is_the_least_an_instalment_is(self) -> None:
        rows = [due(1, JANUARY, "300.00", "200.00"), due(2, MARCH, "700.00", "0.00")]
        with pytest.raises(InstalmentBelowCollected):
            check([share(JANUARY, "199.99"), share(MARCH, "800.01")], rows)
        check([share(JANUARY, "200.00"), share(MARCH, "800.00")], rows)

    def test_keeps_its_instalment_in_the_plan(self) -> None:
        rows = [due(1, JANUARY, "300.00", "0.00"), due(2, MARCH, "700.00", "0.01")]
        with pytest.raises(InstalmentBelowCollected):
            check([share(JANUARY, "1000.00")], rows)

    @pytest.mark.parametrize(("on", "amount"), [(MAY, "300.00"), (JANUARY, "300.01")])
    def test_keeps_day_and_amount_of_what_is_paid(self, on: date, amount: str) -> None:
        rows = [due(1, JANUARY, "300.00", "300.00")]
        with pytest.raises(PaidInstalmentChanged):
            check([share(on, amount), share(MARCH, "700.00")], rows)

    def test_of_a_part_lets_the_day_move(self) -> None:
        check([share(MAY, "300.00")], [due(1, JANUARY, "300.00", "299.99")])


class TestWhatProjectsHavePlanned:
    def test_is_the_least_that_stays_agreed(self) -> None:
        product, other = uuid4(), uuid4()
        planned = {product: Decimal(7)}
        require_planned_kept(contract(), {product: Decimal(7)}, planned)
        for proposed in ({product: Decimal("6.99")}, {other: Decimal(9)}):
            with pytest.raises(AmendmentBelowPlanned):
                require_planned_kept(contract(), proposed, planned)


class TestInstalmentsFollowThePlan:
    def test_rows_are_kept_added_and_dropped_by_place(self) -> None:
        rows = [due(1, JANUARY, "300.00", "300.00"), due(2, MARCH, "700.00", "0.00")]
        longer = contract(
            "300.00", share(JANUARY, "300.00"), share(MAY, "1.00"), share(MAY, "2.00")
        )
        new, gone = redraw(longer, rows)
        assert ([one.position for one in new], gone) == ([3], [])
        assert (rows[1].due_on, rows[1].amount, rows[1].collected) == (MAY, Decimal("1.00"), 0)
        assert rows[0].collected == Decimal("300.00")
        new, gone = redraw(contract("300.00", share(JANUARY, "300.00")), rows)
        assert (new, gone) == ([], [rows[1]])

    def test_overdue_is_told_anew_only_for_a_new_day(self) -> None:
        told = due(1, JANUARY, "300.00", "0.00", told=JANUARY)
        rows = [told, due(2, MARCH, "700.00", "0.00")]
        new, _ = redraw(
            contract("0.00", share(MARCH, "1.00"), share(JANUARY, "1.00"), share(MAY, "1.00")), rows
        )
        assert told.overdue_told_for != told.due_on  # it has another day: told when that is over
        assert rows[1].overdue_told_for == rows[1].due_on == JANUARY  # told before, one place on
        assert new[0].overdue_told_for is None


class TestAmendment:
    def proposed(self) -> ContractAmendment:
        return ContractAmendment(number="CON-2026-000001-R2", state=AmendmentState.IN_APPROVAL)

    @pytest.mark.parametrize(
        ("approval", "state"),
        [("waiting", "in_approval"), ("rejected", "rejected"), ("withdrawn", "withdrawn")],
    )
    def test_is_in_force_on_no_day_unless_it_is_approved(self, approval: str, state: str) -> None:
        one = self.proposed()
        one.follow(approval, MAY, "wang")
        assert (one.state, one.agreed_on) == (state, None)

    def test_in_force_is_not_unapproved(self) -> None:
        one = self.proposed()
        one.follow("approved", MAY, "wang")
        assert (one.state, one.agreed_on, one.decided_by) == ("approved", MAY, "wang")
        with pytest.raises(AmendmentInForce):
            one.follow("revoked", MAY, "wang")
