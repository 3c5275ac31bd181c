"""Which definitions make sense, which values a field takes, and what a change leaves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_customer.custom_fields.errors import (
    CustomFieldsInvalid,
    FieldMakesNoSense,
    InvalidValue,
    OptionsStay,
    Problem,
)
from kehu_customer.custom_fields.models import CustomField, entries_of
from kehu_customer.custom_fields.values import merged
from kehu_kernel import ids

SECRET = "customer:finance:read"
SPICY = {"code": "spicy", "name_zh": "辣", "active": True}
GONE = {"code": "gone", "name_zh": "已停用", "active": False}
MILD = {"code": "mild", "name_zh": "清淡", "active": True}


def field(type_: str = "text", **more: Any) -> CustomField:
    values: dict[str, Any] = {
        "id": ids.new_id(),
        "code": "f",
        "type": type_,
        "options": [SPICY, MILD, GONE] if "choice" in type_ else [],
        "reference_to": "employee" if type_ == "reference" else None,
        "max_length": 10 if type_ == "text" else None,
        "required": False,
        "is_unique": False,
        "indexed": False,
        "default_value": None,
        "visible_to": None,
        "active": True,
    }
    return CustomField(**values | more)


def problems_of(refusal: pytest.ExceptionInfo[CustomFieldsInvalid]) -> dict[str, str]:
    return {one["field"]: one["problem"] for one in refusal.value.extra["fields"]}


class TestDefinitions:
    @pytest.mark.parametrize(
        "defined",
        [
            field("choice", options=[]),
            field("choice", options=[SPICY, SPICY]),
            field("text", options=[SPICY]),
            field("reference", reference_to=None),
            field("text", reference_to="employee"),
            field("number", max_length=10),
            field("text", max_length=None),
            field("text", max_length=201, indexed=True),
            field("text", max_length=201, is_unique=True),
            field("multi_choice", is_unique=True),
            field("text", is_unique=True, default_value="x"),
            field("number", default_value="x"),
            field("choice", default_value="gone"),
        ],
    )
    def test_that_make_no_sense(self, defined: CustomField) -> None:
        with pytest.raises(FieldMakesNoSense):
            defined.require_sense()

    def test_that_make_sense(self) -> None:
        for type_ in ("text", "number", "date", "choice", "multi_choice", "reference", "money"):
            field(type_, indexed=True).require_sense()
        field("text", max_length=4000).require_sense()

    def test_a_default_is_kept_as_values_are(self) -> None:
        defined = field("number", default_value="1.50")
        defined.require_sense()
        assert defined.default_value == "1.5"

    def test_an_option_is_left_out_that_customers_may_have(self) -> None:
        with pytest.raises(OptionsStay):
            field("choice").replace_options([SPICY, MILD])


class TestValues:
    @pytest.mark.parametrize(
        ("type_", "value", "stored"),
        [
            ("text", " 辣 ", "辣"),
            ("number", "12.5000", "12.5"),
            ("number", "-0", "0"),
            ("number", "100", "100"),
            ("date", "2026-02-28", "2026-02-28"),
            ("choice", "mild", "mild"),
            ("multi_choice", ["spicy", "mild", "spicy"], ["mild", "spicy"]),
            (
                "reference",
                "019364C2-7D5E-7000-8000-000000000001",
                "019364c2-7d5e-7000-8000-000000000001",
            ),
            (
                "money",
                {"amount": "9.5", "currency": "CNY"},
                {"amount": "9.50", "currency": "CNY"},
            ),
        ],
    )
    def test_that_fit(self, type_: str, value: object, stored: object) -> None:
        assert field(type_).accept(value) == stored

    @pytest.mark.parametrize(
        ("type_", "value", "problem"),
        [
            ("text", 7, Problem.WRONG_TYPE),
            ("text", "   ", Problem.WRONG_TYPE),
            ("text", "x" * 11, Problem.WRONG_TYPE),
            ("text", "a\x00", Problem.WRONG_TYPE),
            ("text", "\ud800", Problem.WRONG_TYPE),
            ("number", 12.5, Problem.WRONG_TYPE),
            ("number", "1e3", Problem.WRONG_TYPE),
            ("number", "0.00001", Problem.WRONG_TYPE),
            ("date", "2026-02-30", Problem.WRONG_TYPE),
            ("date", 0, Problem.WRONG_TYPE),
            ("choice", "sweet", Problem.NOT_AN_OPTION),
            ("choice", "gone", Problem.NOT_AN_OPTION),
            ("choice", ["mild"], Problem.WRONG_TYPE),
            ("multi_choice", "mild", Problem.WRONG_TYPE),
            ("multi_choice", [], Problem.WRONG_TYPE),
            ("multi_choice", ["mild", 7], Problem.WRONG_TYPE),
            ("multi_choice", ["mild", "sweet"], Problem.NOT_AN_OPTION),
            ("reference", "x", Problem.WRONG_TYPE),
            ("money", {"amount": "9.505", "currency": "CNY"}, Problem.WRONG_TYPE),
            ("money", {"amount": "9.50"}, Problem.WRONG_TYPE),
            ("money", "9.50 CNY", Problem.WRONG_TYPE),
        ],
    )
    def test_that_do_not_fit(self, type_: str, value: object, problem: Problem) -> None:
        with pytest.raises(InvalidValue) as refusal:
            field(type_).accept(value)
        assert refusal.value.problem is problem

    @given(st.from_regex(r"-?(0|[1-9][0-9]{0,13})(\.[0-9]{1,4})?", fullmatch=True))
    def test_a_number_means_the_same_when_it_is_given_again(self, number: str) -> None:
        stored = field("number").accept(number)
        assert field("number").accept(stored) == stored
        assert float(stored) == float(number)

    @pytest.mark.parametrize("other", ["abc", "ABC", "ＡＢＣ", "Abc"])
    def test_unique_values_differ_in_more_than_case_and_width(self, other: str) -> None:
        unique = field(is_unique=True)
        (one,), (two,) = (entries_of(unique, ids.new_id(), text) for text in ("abc", other))
        assert one.unique_key == two.unique_key
        (third,) = entries_of(unique, ids.new_id(), "abd")
        assert third.unique_key != one.unique_key


class TestChange:
    def test_tells_all_problems_at_once(self) -> None:
        fields = {"a": field("number"), "b": field(required=True), "c": field("choice")}
        wrong = {"a": "x", "b": None, "c": "sweet", "d": "?"}
        with pytest.raises(CustomFieldsInvalid) as refusal:
            merged(fields, wrong, {}, creating=False, scopes=None)
        assert problems_of(refusal) == {
            "a": "wrong-type",
            "b": "required",
            "c": "not-an-option",
            "d": "unknown-field",
        }

    def test_null_clears_and_what_is_left_out_stays(self) -> None:
        fields = {"a": field(), "b": field()}
        after = merged(fields, {"a": None, "b": "2"}, {"a": "1", "z": "9"}, creating=False,
                       scopes=None)  # fmt: skip
        assert after == {"b": "2", "z": "9"}

    def test_a_new_customer_gets_defaults_and_needs_what_is_required(self) -> None:
        fields = {"a": field(default_value="x", required=True), "b": field(required=True)}
        with pytest.raises(CustomFieldsInvalid) as refusal:
            merged(fields, {}, {}, creating=True, scopes=None)
        assert problems_of(refusal) == {"b": "required"}
        after = merged(fields, {"b": "y"}, {}, creating=True, scopes=None)
        assert after == {"a": "x", "b": "y"}

    def test_a_change_does_not_ask_for_what_became_required_later(self) -> None:
        fields = {"a": field(), "b": field(required=True)}
        assert merged(fields, {"a": "1"}, {}, creating=False, scopes=None) == {"a": "1"}

    def test_who_must_not_see_a_field_does_not_know_of_it(self) -> None:
        fields = {"s": field(visible_to=SECRET, required=True, default_value="x")}
        with pytest.raises(CustomFieldsInvalid) as refusal:
            merged(fields, {"s": "1"}, {}, creating=False, scopes=frozenset())
        assert problems_of(refusal) == {"s": "unknown-field"}
        assert merged(fields, {}, {}, creating=True, scopes=frozenset()) == {"s": "x"}
        fields = {"s": field(visible_to=SECRET, required=True)}
        assert merged(fields, {}, {}, creating=True, scopes=frozenset()) == {}
        with pytest.raises(CustomFieldsInvalid):
            merged(fields, {}, {}, creating=True, scopes=frozenset({SECRET}))

    def test_a_retired_option_stays_where_it_is(self) -> None:
        fields = {"c": field("choice")}
        same = merged(fields, {"c": "gone"}, {"c": "gone"}, creating=False, scopes=None)
        assert same == {"c": "gone"}

    @given(
        before=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2"])),
        given_=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2", None])),
    )
    def test_is_the_same_when_it_is_repeated(
        self, before: dict[str, Any], given_: dict[str, Any]
    ) -> None:
        fields = {code: field() for code in "abc"}
        once = merged(fields, given_, before, creating=False, scopes=None)
        assert merged(fields, given_, once, creating=False, scopes=None) == once
        assert all(once.get(code) == value for code, value in given_.items())
