"""Rules about a scheme's classes, and about the time a customer is in one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kehu_customer.classification_schemes.errors import (
    ClassCodesRepeat,
    ClassesStay,
    ClassRetired,
    RuleNeedsClass,
    SchemeRetired,
    UnknownClass,
)
from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.classifications.errors import (
    AlreadyInClass,
    ClassificationOver,
    EffectiveInFuture,
    EffectiveTooEarly,
)
from kehu_customer.classifications.models import Classification, effective

MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)


def class_(code: str, *, active: bool = True) -> dict[str, Any]:
    return {"code": code, "name_zh": f"{code} 类", "active": active}


def scheme(*classes: dict[str, Any], active: bool = True) -> ClassificationScheme:
    made = ClassificationScheme(code="value", name_zh="客户价值", active=active)
    made.set_up(classes, [])
    return made


def classification(manner: str = "hand") -> Classification:
    return Classification(class_code="key", manner=manner, effective_at=MORNING, ended_at=None)


class TestClassesOfAScheme:
    def test_a_code_is_given_twice(self) -> None:
        with pytest.raises(ClassCodesRepeat):
            scheme(class_("key"), class_("key"))

    def test_one_is_left_out_that_the_history_names(self) -> None:
        with pytest.raises(ClassesStay) as refusal:
            scheme(class_("key"), class_("general")).set_up([class_("key")], [])
        assert refusal.value.extra == {"classes": ["general"]}

    def test_they_change_their_order_and_one_joins(self) -> None:
        value = scheme(class_("key"), class_("general"))
        value.set_up([class_("general"), class_("new"), class_("key")], [])
        assert [one["code"] for one in value.classes] == ["general", "new", "key"]

    @pytest.mark.parametrize("code", ["nothing", "old"])
    def test_a_rule_leads_into_one_that_is_not_in_use(self, code: str) -> None:
        value = scheme(class_("key"))
        with pytest.raises(RuleNeedsClass):
            value.set_up([class_("key"), class_("old", active=False)], [{"class_code": code}])

    def test_who_may_enter(self) -> None:
        value = scheme(class_("key"), class_("old", active=False))
        value.require_class("key")
        with pytest.raises(ClassRetired) as refusal:
            value.require_class("old")
        assert refusal.value.message("zh") == "分类方案 客户价值 的类别 old 类 已停用。"
        assert "the class old of the scheme value" in refusal.value.message("en").lower()
        with pytest.raises(UnknownClass):
            value.require_class("nothing")
        with pytest.raises(SchemeRetired):
            scheme(class_("key"), active=False).require_class("key")


class TestTimeInAClass:
    def test_a_person_repeats_it(self) -> None:
        with pytest.raises(AlreadyInClass):
            classification().require_other("key")
        classification().require_other("general")

    def test_a_person_confirms_what_a_rule_found(self) -> None:
        classification("rule").require_other("key")

    def test_ends(self) -> None:
        one = classification()
        one.end(MORNING, by="li.na", reason=None)
        assert (one.ended_at, one.ended_by, one.end_reason) == (MORNING, "li.na", None)
        with pytest.raises(ClassificationOver):
            one.end(MORNING, by="li.na", reason=None)

    def test_ends_before_it_began(self) -> None:
        with pytest.raises(EffectiveTooEarly):
            classification().end(MORNING - timedelta(seconds=1), by="li.na", reason=None)

    def test_begins_now_or_earlier(self) -> None:
        assert effective(None, MORNING, None) == MORNING
        assert effective(MORNING - timedelta(days=1), MORNING, None) == MORNING - timedelta(days=1)
        with pytest.raises(EffectiveInFuture):
            effective(MORNING + timedelta(seconds=1), MORNING, None)

    def test_the_clock_of_who_recorded_the_present_one_was_ahead(self) -> None:
        assert effective(None, MORNING - timedelta(seconds=1), classification()) == MORNING
