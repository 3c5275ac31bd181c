"""What is wrong with a field is said in a plain sentence, in both languages."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kehu_kernel.field_problems import SENTENCES, sentence
from kehu_kernel.wire import Day, Flag, Text, Whole


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Circle(BaseModel):
    kind: Literal["circle"]


class Square(BaseModel):
    kind: Literal["square"]


class Thing(BaseModel):
    """One field of each kind."""

    model_config = ConfigDict(extra="forbid")

    name: Text = "x"
    colour: Colour = Colour.RED
    side: Literal["left", "right"] = "left"
    count: Whole = Field(1, ge=1, le=9)
    share: Decimal = Field(Decimal(1), gt=0, lt=1, decimal_places=2, max_digits=4)
    on: Day = date(2026, 1, 1)
    open: Flag = True
    tags: list[str] = Field(["x"], min_length=1, max_length=2)
    shape: Annotated[Circle | Square, Field(discriminator="kind")] | None = None


def told(**given: Any) -> tuple[str, str]:
    """Return what is said of a wrong thing, in English and in Chinese."""
    with pytest.raises(ValidationError) as caught:
        Thing.model_validate(given)
    (item,) = caught.value.errors()
    context = item.get("ctx", {})
    return sentence(item["type"], context, "en"), sentence(item["type"], context, "zh")


@pytest.mark.parametrize(
    ("given", "en", "zh"),
    [
        ({"name": ""}, "The text is too short (at least 1)", "文本过短，至少 1 个字符"),
        ({"name": "x" * 201}, "The text is too long (at most 200 characters)",
         "文本过长，最多 200 个字符"),
        ({"name": 7}, "Expected is a text", "应为文本"),
        ({"colour": "green"}, "There is no such value; one of: red, blue",
         "不在允许的取值范围内：red、blue"),
        ({"side": "up"}, "There is no such value; one of: left, right",
         "不在允许的取值范围内：left、right"),
        ({"count": 0}, "It has to be at least 1", "数值过小，不得小于 1"),
        ({"count": 10}, "It has to be at most 9", "数值过大，不得大于 9"),
        ({"count": "7"}, "Expected is a whole number", "应为整数"),
        ({"share": "0"}, "It has to be more than 0", "数值过小，应大于 0"),
        ({"share": "x"}, 'Expected is a number as text, such as "12.50"',
         '应为文本形式的数字，如 "12.50"'),
        ({"share": "0.123"}, "Too many decimal places: 2 at most", "小数位数过多，最多 2 位"),
        ({"on": "today"}, "Expected is a day, written YYYY-MM-DD", "应为日期（YYYY-MM-DD）"),
        ({"open": "yes"}, "Expected is true or false", "应为布尔值"),
        ({"tags": []}, "Too few items (at least 1)", "条目过少，至少 1 项"),
        ({"tags": ["x"] * 3}, "Too many items (at most 2)", "条目过多，最多 2 项"),
        ({"weight": 1}, "There is no such field here", "不允许的字段"),
        ({"shape": {}}, "The kind is missing", "缺少类型标识"),
        ({"shape": {"kind": "\ud800"}}, "There is no such kind; one of: circle, square",
         "未知的类型标识：circle、square"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_says_what_is_wrong_and_what_is_allowed(given: dict[str, Any], en: str, zh: str) -> None:
    assert told(**given) == (en, zh)


@pytest.mark.parametrize("code", SENTENCES)
def test_each_sentence_can_be_said_in_both_languages(code: str) -> None:
    limits = dict.fromkeys(
        ("min_length", "max_length", "decimal_places", "max_digits", "whole_digits", "gt", "ge",
         "lt", "le"), 3,
    )  # fmt: skip
    for language in ("en", "zh"):
        said = sentence(code, limits | {"expected": "'a' or 'b'"}, language)
        assert "{" not in said.replace("{}", "")
        assert (max(said) > "一") is (language == "zh")


def test_what_has_no_sentence_does_not_show_the_validators_words() -> None:
    assert sentence("is_instance_of", {"class": "Foo"}, "en") == "This value is not accepted"
