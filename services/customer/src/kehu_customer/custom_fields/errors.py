"""What can be refused about custom fields and their values, in business words."""

from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus

from kehu_kernel.errors import DomainError


class Problem(StrEnum):
    """What is wrong with the value of a custom field."""

    UNKNOWN_FIELD = "unknown-field"
    REQUIRED = "required"
    WRONG_TYPE = "wrong-type"
    NOT_AN_OPTION = "not-an-option"
    UNKNOWN_REFERENCE = "unknown-reference"


WORDS = {
    Problem.UNKNOWN_FIELD: ("there is no such field", "没有该字段"),
    Problem.REQUIRED: ("a value is required", "必填"),
    Problem.WRONG_TYPE: ("the value is not of the field's type", "取值与字段类型不符"),
    Problem.NOT_AN_OPTION: ("the value is none of the options", "取值不在选项之中"),
    Problem.UNKNOWN_REFERENCE: ("what it refers to does not exist", "引用的对象不存在"),
}


class InvalidValue(Exception):
    """A value does not fit its field; collected into `CustomFieldsInvalid`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)


class CustomFieldsInvalid(DomainError):
    """Values of custom fields are not accepted; `fields` lists every one with its problem."""

    code = "custom-fields-invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Custom fields are not accepted: {fields_en}."
    zh = "自定义字段未被接受：{fields_zh}。"

    @classmethod
    def of(cls, problems: Sequence[tuple[str, Problem]]) -> "CustomFieldsInvalid":
        """Say it of fields by their codes."""
        return cls(
            fields_en="; ".join(f"{code}: {WORDS[problem][0]}" for code, problem in problems),
            fields_zh="；".join(
                f"{getattr(code, 'zh', code)}：{WORDS[problem][1]}" for code, problem in problems
            ),
            extra={"fields": [{"field": code, "problem": problem} for code, problem in problems]},
        )


class CustomValueTaken(DomainError):
    """Another customer has the value in a field whose values are unique."""

    code = "custom-value-taken"
    status = HTTPStatus.CONFLICT
    en = "Another customer has this value in a field whose values must be unique."
    zh = "该字段的取值必须唯一，已有其他客户使用此值。"


class FieldCodeTaken(DomainError):
    """Another custom field already has this code."""

    code = "field-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another custom field already has this code."
    zh = "该编码已被其他自定义字段使用。"


class FieldMakesNoSense(DomainError):
    """Parts of the definition contradict each other."""

    code = "field-makes-no-sense"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The field cannot be defined like this: {why_en}."
    zh = "字段不能这样定义：{why_zh}。"


class OptionsStay(DomainError):
    """An option cannot be left out, because customers may have it; it can be retired."""

    code = "options-stay"
    status = HTTPStatus.CONFLICT
    en = "Customers may have the options {options}: set them inactive instead of leaving them out."
    zh = "客户可能正在使用选项 {options}：请将其停用，而不是删除。"


class FieldNotSearchable(DomainError):
    """The list cannot be filtered or sorted like this by the field."""

    code = "field-not-searchable"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The list cannot be searched by {field} like this: {why_en}."
    zh = "列表不能这样按 {field} 查询：{why_zh}。"
