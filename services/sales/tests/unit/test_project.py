"""The rules of a project, without a database (S11)."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_sales.contracts.models import Contract
from kehu_sales.methods.stages import Control, Stage
from kehu_sales.projects.contracted import by_product, left_of, require_within, worth_of
from kehu_sales.projects.errors import MoreThanContract, OverDelivery, StageNotInMethod
from kehu_sales.projects.models import Project, ProjectLine, ProjectState
from kehu_sales.projects.parts import Member, Milestone, ProjectStage, Tick, ticked
from kehu_sales.projects.progress import percent_complete
from kehu_sales.quotes.lines import QuoteLine

DAY = date(2026, 11, 2)
PRODUCT = uuid4()
METHOD = (Stage("a", "到货", 20, 10), Stage("b", "安装", 10, 50), Stage("c", "验收", 5, 90))


def stage(code: str, weight: int = 1, *, ended: bool = False) -> ProjectStage:
    return ProjectStage(code, code, 5, weight, Control.NONE, ended_on=DAY if ended else None)


def project(**fields: object) -> Project:
    values: dict[str, object] = {
        "number": "PROJ-2026-000001",
        "state": ProjectState.APPROVED,
        "stages": ticked("交付", METHOD, None),
        "milestones": (),
        "team": (),
        "alerted": [],
    }
    return Project(**values | fields)


def line(quantity: int) -> ProjectLine:
    nothing = Decimal(0)
    return ProjectLine(
        line_number=1, product_name="服务器", quantity=Decimal(quantity), delivered=nothing,
        given_up=nothing,
    )  # fmt: skip


def agreed(*lines: tuple[int, str]) -> list[QuoteLine]:
    """Return lines of one product, each a quantity and a price."""
    return [QuoteLine(PRODUCT, "服务器", Decimal(q), Decimal(price)) for q, price in lines]


class TestPartOfAContract:
    def test_is_worth_its_lines_less_the_discount_on_the_whole(self) -> None:
        left, tenth = agreed((10, "100.00")), Decimal(10)
        assert worth_of(left, {PRODUCT: Decimal(3)}, tenth) == Decimal("270.00")
        assert worth_of(left, {PRODUCT: Decimal(10)}, tenth) == Decimal("900.00")

    def test_the_first_lines_that_are_left_count_where_prices_differ(self) -> None:
        contract = Contract(lines=tuple(agreed((2, "100.00"), (5, "80.00"))))
        left = left_of(contract, {PRODUCT: Decimal(1)})
        assert [line.quantity for line in left] == [1, 5]
        assert worth_of(left, {PRODUCT: Decimal(3)}, Decimal(0)) == Decimal("260.00")
        assert worth_of(left, {}, Decimal(0)) == 0


class TestTicking:
    def test_all_stages_in_the_order_of_the_method_unless_some_are_ticked(self) -> None:
        assert [one.code for one in ticked("交付", METHOD, None)] == ["a", "b", "c"]
        some = ticked("交付", METHOD, [Tick("c", weight=2), Tick("a", planned_days=0)])
        assert [(one.code, one.planned_days, one.weight) for one in some] == [
            ("a", 0, 1), ("c", 5, 2)
        ]  # fmt: skip

    @pytest.mark.parametrize("codes", [["d"], ["a", "a"]], ids=["unknown", "twice"])
    def test_what_the_method_does_not_have_cannot_be_ticked(self, codes: list[str]) -> None:
        with pytest.raises(StageNotInMethod):
            ticked("交付", METHOD, [Tick(code) for code in codes])


class TestProgress:
    def test_a_stage_that_is_over_counts_whole_another_by_its_tasks(self) -> None:
        stages = [stage("a", 1, ended=True), stage("b", 3)]
        assert percent_complete(stages) == 25
        assert percent_complete(stages, {"b": Decimal(50)}) == 62  # (100 + 150) / 4, rounded down

    @given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 99)), min_size=1, max_size=9))
    def test_it_is_whole_only_when_every_stage_is(self, parts: list[tuple[int, int]]) -> None:
        stages = [stage(str(place), weight) for place, (weight, _) in enumerate(parts)]
        done = {str(place): Decimal(percent) for place, (_, percent) in enumerate(parts)}
        assert 0 <= percent_complete(stages, done) < 100
        assert percent_complete([stage(one.code, one.weight, ended=True) for one in stages]) == 100


class TestLate:
    def test_the_day_itself_is_in_time_and_each_planned_day_is_told_once(self) -> None:
        arrival = Milestone("到货", DAY + timedelta(days=3), mandatory=True, stage_code="a")
        one = project(planned_end_on=DAY + timedelta(days=9), milestones=(arrival,))
        one.execute(DAY)
        assert one.alert_on == arrival.planned_on
        assert one.tell_late(arrival.planned_on) is None
        later = arrival.planned_on + timedelta(days=1)
        told = one.tell_late(later)
        assert told is not None
        assert told.planned_on == arrival.planned_on
        assert one.tell_late(later) is None
        assert one.alert_on == one.planned_end_on

    def test_another_planned_day_is_told_of_anew(self) -> None:
        arrival = Milestone("到货", DAY, mandatory=True)
        one = project(milestones=(arrival,))
        one.execute(DAY)
        assert one.tell_late(DAY + timedelta(days=5)) is not None
        one.move_milestone(arrival.id, DAY + timedelta(days=2))
        assert one.tell_late(DAY + timedelta(days=5)) is not None
        assert one.tell_late(DAY + timedelta(days=5)) is None


class TestLines:
    def test_more_than_is_open_is_neither_delivered_nor_given_up(self) -> None:
        one = line(5)
        one.deliver(Decimal(3))
        one.give_up(Decimal(1), "客户缩减")
        for refused in (lambda: one.deliver(Decimal(2)), lambda: one.give_up(Decimal(2), "再减")):
            with pytest.raises(OverDelivery):
                refused()
        assert (one.delivered, one.given_up, one.open) == (3, 1, 1)

    def test_why_something_was_given_up_stays_when_more_is(self) -> None:
        one = line(5)
        for reason in ("客户缩减", "客户缩减", "质量退货"):
            one.give_up(Decimal(1), reason)
        assert (one.given_up, one.give_up_reason) == (3, "客户缩减; 质量退货")

    def test_products_are_counted_over_all_lines_of_the_contract(self) -> None:
        product = uuid4()
        agreed = by_product([(product, Decimal(4)), (product, Decimal(6))])
        require_within(agreed, {product: Decimal(3)}, {product: Decimal(7)})
        with pytest.raises(MoreThanContract):
            require_within(agreed, {product: Decimal(3)}, {product: Decimal(8)})
        with pytest.raises(MoreThanContract):
            require_within(agreed, {}, {uuid4(): Decimal(1)})


class TestHandOver:
    def test_the_successor_takes_what_the_leaver_was_in_charge_of_and_the_place_in_the_team(
        self,
    ) -> None:
        leaver, heir, department = uuid4(), uuid4(), uuid4()
        member = Member(leaver, "实施", DAY)
        one = project(owner_id=leaver, leader_id=leaver, team=(member,))
        one.hand_over(leaver, heir, department, heir, DAY + timedelta(days=1))
        assert (one.owner_id, one.department_id, one.leader_id) == (heir, department, heir)
        before, after = one.team
        assert (before.left_on, after.employee_id, after.role) == (
            DAY + timedelta(days=1), heir, "实施"
        )  # fmt: skip
