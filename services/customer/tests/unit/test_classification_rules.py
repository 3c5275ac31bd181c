"""Which class the rules of a scheme lead into, and why."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from kehu_customer.classification_schemes.defaults import default_schemes
from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.classification_schemes.rules import ClassificationRule, decide
from kehu_customer.classification_schemes.schemas import stored

KEY = {"test": "one_of", "fact": "value_grade", "values": ["A"]}
LARGE = {"test": "between", "fact": "employee_count", "at_least": "1000", "below": None}
CLIENT = {"test": "known", "fact": "owner_id", "known": True}


def rule(class_code: str, *conditions: dict[str, Any]) -> ClassificationRule:
    return ClassificationRule.model_validate(
        {"class_code": class_code, "conditions": list(conditions)}
    )


def class_of(rules: list[ClassificationRule], **facts: Any) -> str | None:
    decision = decide(rules, facts)
    return decision and decision.class_code


class TestConditions:
    def test_one_of_several_values(self) -> None:
        rules = [rule("key", KEY | {"values": ["A", "B"]})]
        assert class_of(rules, value_grade="B") == "key"
        assert class_of(rules, value_grade="C") is None
        assert class_of(rules) is None

    def test_any_of_several_roles(self) -> None:
        rules = [rule("channel", {"test": "one_of", "fact": "roles", "values": ["distributor"]})]
        assert class_of(rules, roles=["consumer", "distributor"]) == "channel"
        assert class_of(rules, roles=["consumer"]) is None

    @pytest.mark.parametrize(
        ("score", "expected"), [("39.9999", None), ("40", "b"), ("69.99", "b"), ("70", None)]
    )
    def test_an_interval_holds_its_lower_end_only(self, score: str, expected: str | None) -> None:
        between = {"test": "between", "fact": "value_score", "at_least": "40", "below": "70"}
        assert class_of([rule("b", between)], value_score=Decimal(score)) == expected

    def test_a_number_that_is_not_known_lies_in_no_interval(self) -> None:
        assert class_of([rule("large", LARGE | {"at_least": None})]) is None

    @pytest.mark.parametrize(("known", "owner", "holds"), [
        (True, "x", True), (True, None, False), (False, "x", False), (False, None, True),
    ])  # fmt: skip
    def test_known_or_not(self, known: bool, owner: str | None, holds: bool) -> None:
        rules = [rule("client", CLIENT | {"known": known})]
        assert (class_of(rules, owner_id=owner) is not None) == holds

    @pytest.mark.parametrize(
        "condition",
        [
            KEY | {"fact": "employee_count"},
            KEY | {"fact": "name"},
            KEY | {"values": []},
            LARGE | {"fact": "industry"},
            LARGE | {"at_least": 1000},
            CLIENT | {"known": "yes"},
            {"test": "like", "fact": "name", "value": "a%"},
        ],
    )
    def test_that_makes_no_sense(self, condition: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            rule("any", condition)


class TestRules:
    def test_all_conditions_must_hold(self) -> None:
        rules = [rule("key", KEY, LARGE)]
        assert class_of(rules, value_grade="A", employee_count=1000) == "key"
        assert class_of(rules, value_grade="A", employee_count=999) is None

    def test_the_first_that_applies_decides(self) -> None:
        rules = [rule("key", KEY), rule("large", LARGE), rule("other")]
        assert class_of(rules, value_grade="A", employee_count=5000) == "key"
        assert class_of(rules, value_grade="C", employee_count=5000) == "large"
        assert class_of(rules) == "other"

    def test_the_explanation_tells_which_and_what_was_found(self) -> None:
        decision = decide([rule("key", KEY), rule("large", LARGE)], {"employee_count": 1200})
        assert decision is not None
        assert decision.explanation.model_dump() == {
            "rule": 2,
            "findings": [
                {
                    "fact": "employee_count",
                    "test": "between",
                    "wanted": [">= 1000"],
                    "found": ["1200"],
                }
            ],
        }

    @given(
        codes=st.lists(st.sampled_from("abcd"), min_size=1, max_size=4),
        grades=st.lists(st.lists(st.sampled_from("XYZ"), min_size=1), min_size=4, max_size=4),
        grade=st.sampled_from([*"XYZ", None]),
    )
    def test_agree_with_trying_them_one_by_one(
        self, codes: list[str], grades: list[list[str]], grade: str | None
    ) -> None:
        rules = [
            rule(code, KEY | {"values": values})
            for code, values in zip(codes, grades, strict=False)
        ]
        alone = [class_of([one], value_grade=grade) for one in rules]
        expected = next((found for found in alone if found is not None), None)
        assert class_of(rules, value_grade=grade) == expected


class TestSchemesOfTheTexts:
    def test_are_all_there_with_a_source_and_both_languages(self) -> None:
        schemes = default_schemes()
        codes = [scheme.code for scheme in schemes]
        assert len(codes) == len(set(codes)) == 25
        for scheme in schemes:
            assert scheme.source
            for named in (scheme, *scheme.classes):
                assert any("\u4e00" <= sign <= "\u9fff" for sign in named.name_zh), named
                assert named.name_en.isascii(), named

    def test_can_be_set_up(self) -> None:
        for data in default_schemes():
            scheme = ClassificationScheme(code=data.code, active=True)
            scheme.set_up(stored(data.classes), stored(data.rules))
            TypeAdapter(list[ClassificationRule]).validate_python(scheme.rules)

    def test_keep_the_numbers_of_both_texts(self) -> None:
        shares = {
            (scheme.code, one.code): one.numbers.get("customer_share_percent")
            for scheme in default_schemes()
            for one in scheme.classes
        }
        assert shares["value-by-sales", "vip"] == Decimal(1)
        assert shares["value-by-profit", "key"] == Decimal(5)
        assert shares["value-pyramid", "ordinary"] == Decimal(80)
