"""The life of a visit (4 §2)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kehu_sales.methods.stages import Control
from kehu_sales.moments import TimesReversed
from kehu_sales.visit_policy.defaults import default_policy, default_types
from kehu_sales.visits.errors import (
    ChecklistIncomplete,
    ConsentNeeded,
    NextStepInPast,
    NextStepMissing,
    OwnPlan,
    UnknownItem,
    VisitNotInState,
)
from kehu_sales.visits.models import RefusalDegree, Visit, VisitStatus

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONE = "Asia/Shanghai"
OWNER = uuid4()


def item(code: str, *, required: bool = False, ticked: bool = False) -> dict[str, Any]:
    return {
        "code": code, "group": "after", "text_zh": "录入", "text_en": "Enter", "required": required,
        "ticked": ticked,
    }  # fmt: skip


def planned(kind: str = "new_customer", **fields: Any) -> Visit:
    plan = {
        "business_trip": False, "starts_at": NINE, "ends_at": NINE + HOUR, "remind_minutes": None,
    } | fields  # fmt: skip
    visit = Visit(status=VisitStatus.PLANNED, number="VIS-1", owner_id=OWNER, observer_ids=[],
                  checklist=[item("after_1", required=True)])  # fmt: skip
    visit.plan(default_policy().type_in_use(kind), plan)
    return visit


def decide(visit: Visit, *, approve: bool = True, employee_id: UUID | None = None) -> None:
    visit.decide(approve=approve, note="好", by="li.na", employee_id=employee_id, at=NINE)


def done() -> Visit:
    visit = planned()
    visit.check_in(NINE, {})
    visit.finish(NINE + HOUR)
    return visit


class TestHandOver:
    def test_what_has_begun_stays_the_visit_of_who_was_there(self) -> None:
        visit = done()
        for successor in (uuid4(), uuid4()):
            visit.hand_over(successor, None)
            assert (visit.owner_id, visit.visitor_id) == (successor, OWNER)

    def test_what_is_to_come_is_the_successors(self) -> None:
        visit = planned()
        visit.hand_over(successor := uuid4(), None)
        assert visit.held_by_id is None
        visit.check_in(NINE, {})
        assert visit.visitor_id == successor


class TestConsent:
    @pytest.mark.parametrize(
        ("kind", "trip", "needed"),
        [
            ("new_customer", False, False),
            ("new_customer", True, True),
            ("existing_customer", False, True),
            ("key_account", True, True),
        ],
    )
    def test_is_needed_for_existing_customers_and_for_trips(
        self, kind: str, trip: bool, needed: bool
    ) -> None:
        assert planned(kind, business_trip=trip).approval_needed is needed

    def test_is_asked_of_a_superior_until_the_plan_is_another_one(self) -> None:
        visit, boss = planned("existing_customer"), uuid4()
        visit.submit("fang.wei", boss)
        assert visit.approver_id == boss
        visit.plan(default_policy().type_in_use("existing_customer"), {"business_trip": True})
        assert visit.approver_id is None

    def test_a_visit_without_it_does_not_begin(self) -> None:
        visit = planned("existing_customer")
        with pytest.raises(ConsentNeeded):
            visit.check_in(NINE, {})
        visit.submit("fang.wei")
        with pytest.raises(ConsentNeeded):
            visit.check_in(NINE, {})
        decide(visit)
        visit.check_in(NINE, {"latitude": 31.3})
        assert (visit.status, visit.latitude) == ("checked_in", 31.3)

    def test_nobody_consents_to_an_own_plan(self) -> None:
        visit = planned("existing_customer")
        visit.submit("fang.wei")
        with pytest.raises(OwnPlan):
            decide(visit, employee_id=OWNER)
        assert visit.status == "in_approval"

    def test_nobody_consents_to_what_they_submitted(self) -> None:
        visit = planned("existing_customer")
        visit.submit("li.na")
        with pytest.raises(OwnPlan):
            decide(visit, employee_id=uuid4())

    def test_nobody_consents_to_what_they_planned_for_nobody_yet(self) -> None:
        visit = planned("existing_customer")
        visit.owner_id, visit.planned_by = None, "li.na"
        visit.submit("fang.wei")
        with pytest.raises(OwnPlan):
            decide(visit)

    def test_a_superior_consents_to_what_was_planned_for_and_submitted_by_the_visitor(self) -> None:
        visit = planned("existing_customer")
        visit.planned_by = "li.na"
        visit.submit("fang.wei")
        decide(visit, employee_id=uuid4())
        assert visit.status == "approved"

    def test_a_plan_sent_back_can_be_submitted_again(self) -> None:
        visit = planned("existing_customer")
        visit.submit("fang.wei")
        decide(visit, approve=False)
        assert (visit.status, visit.decision_note) == ("planned", "好")
        visit.submit("fang.wei")
        assert (visit.status, visit.decision_note) == ("in_approval", None)

    def test_a_changed_plan_needs_it_again(self) -> None:
        visit = planned("existing_customer")
        visit.submit("fang.wei")
        decide(visit)
        visit.plan(default_types()[1], {"starts_at": NINE - HOUR})
        assert (visit.status, visit.decided_at) == ("planned", None)


class TestLife:
    def test_a_visit_may_not_end_before_it_starts(self) -> None:
        with pytest.raises(TimesReversed):
            planned(ends_at=NINE)

    def test_the_report_is_due_some_hours_after_the_end(self) -> None:
        visit = done()
        assert visit.report_due_at == NINE + 25 * HOUR
        assert visit.minutes == 60

    def test_leaving_before_arriving(self) -> None:
        visit = planned()
        visit.check_in(NINE, {})
        with pytest.raises(TimesReversed):
            visit.finish(NINE - HOUR)

    def test_a_reminder_follows_the_start(self) -> None:
        visit = planned(remind_minutes=30)
        assert visit.remind_at == NINE - timedelta(minutes=30)
        visit.reminded_at = NINE
        visit.plan(default_types()[0], {"starts_at": NINE + timedelta(minutes=10)})
        assert (visit.remind_at, visit.reminded_at) == (NINE - timedelta(minutes=20), None)

    def test_steps_that_do_not_fit(self) -> None:
        visit = done()
        for step in (
            lambda: visit.submit("fang.wei"),
            lambda: visit.cancel("不去了"),
            lambda: visit.check_in(NINE, {}),
            lambda: visit.close(Control.NONE, NINE),
        ):
            with pytest.raises(VisitNotInState):
                step()
        assert visit.status == "done"


class TestNextStep:
    def test_is_not_planned_for_a_day_that_is_over(self) -> None:
        visit, today = done(), NINE.date()
        with pytest.raises(NextStepInPast):
            visit.set_next_step("送样", today - DAY, today)
        with pytest.raises(NextStepInPast):
            visit.report({"next_step_on": today - DAY}, NINE, today)
        assert (visit.status, visit.next_step) == ("done", None)
        visit.set_next_step("送样", today, today)
        assert visit.next_step_on == today

    def test_whose_day_has_passed_since_can_be_put_in_other_words(self) -> None:
        visit, today = done(), NINE.date()
        visit.set_next_step("送样", today, today)
        visit.set_next_step("送样机试用", today, today + DAY)
        assert visit.next_step == "送样机试用"


class TestTellingTheSuperior:
    def test_twice_on_a_day_keeps_the_first_time(self) -> None:
        visit = done()
        visit.tell_superior(NINE, ZONE)
        visit.tell_superior(NINE + 3 * HOUR, ZONE)
        assert visit.superior_told_at == NINE
        visit.tell_superior(NINE + 15 * HOUR, ZONE)  # midnight in Shanghai
        assert visit.superior_told_at == NINE + 15 * HOUR

    def test_of_a_closed_visit_is_too_late(self) -> None:
        visit = done()
        visit.status = VisitStatus.CLOSED
        with pytest.raises(VisitNotInState):
            visit.tell_superior(NINE, ZONE)
        assert visit.superior_told_at is None


class TestClosing:
    def reported(self, **fields: Any) -> Visit:
        visit = done()
        visit.report({"summary": "好"} | fields, NINE + 2 * HOUR, NINE.date())
        return visit

    def test_needs_the_duties_after_the_visit(self) -> None:
        visit = self.reported(next_step="送样")
        with pytest.raises(ChecklistIncomplete) as refused:
            visit.close(Control.NONE, NINE)
        assert refused.value.message("zh") == "尚未完成：录入。"
        visit.tick(["after_1"], ticked=True)
        visit.close(Control.STRICT, NINE)
        assert visit.status == "closed"

    def test_without_a_next_step(self) -> None:
        visit = self.reported()
        visit.tick(["after_1"], ticked=True)
        with pytest.raises(NextStepMissing):
            visit.close(Control.STRICT, NINE)
        visit.close(Control.REMIND, NINE)

    def test_after_a_firm_refusal_needs_no_next_step(self) -> None:
        visit = self.reported(refusal_degree=RefusalDegree.FIRM)
        visit.tick(["after_1"], ticked=True)
        visit.close(Control.STRICT, NINE)

    def test_an_item_that_is_not_on_the_list(self) -> None:
        with pytest.raises(UnknownItem):
            planned().tick(["dance"], ticked=True)


def test_the_types_of_the_texts_have_the_checklists_of_the_texts() -> None:
    new, existing, key = default_types()
    groups = [item.group for item in existing.checklist]
    for group in ("three_preparations", "three_must_discuss", "three_must_visit"):
        assert groups.count(group) == 3
    for kind in (new, existing, key):
        preparation = [item for item in kind.checklist if item.group == "preparation"]
        assert [item.automatic for item in preparation] == [False, False, True, False]
        assert sum(item.group == "outline" for item in kind.checklist) == 4
        kind.require_unlike_codes()
