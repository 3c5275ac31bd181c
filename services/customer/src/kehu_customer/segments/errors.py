"""What can be refused about a segment, in business words."""

from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus

from kehu_kernel.errors import DomainError


class Problem(StrEnum):
    """What is wrong with a condition of a rule."""

    TOO_DEEP = "too-deep"
    TOO_LARGE = "too-large"
    EMPTY_INTERVAL = "empty-interval"
    UNKNOWN_FIELD = "unknown-field"
    WRONG_TEST = "wrong-test"
    UNKNOWN_VALUE = "unknown-value"
    UNKNOWN_SCHEME = "unknown-scheme"
    UNKNOWN_CLASS = "unknown-class"
    UNKNOWN_CURRENCY = "unknown-currency"
    UNKNOWN_HOLDER = "unknown-holder"


WORDS = {
    Problem.TOO_DEEP: ("conditions are nested too deeply", "条件嵌套过深"),
    Problem.TOO_LARGE: ("there are too many conditions", "条件过多"),
    Problem.EMPTY_INTERVAL: ("nothing lies in the interval", "区间为空"),
    Problem.UNKNOWN_FIELD: ("there is no such custom field", "没有该自定义字段"),
    Problem.WRONG_TEST: (
        "the field's values cannot be tested like this",
        "该字段的取值不能这样判断",
    ),
    Problem.UNKNOWN_VALUE: ("the field or fact has no such value", "该字段没有此取值"),
    Problem.UNKNOWN_SCHEME: ("there is no such classification scheme", "没有该分类方案"),
    Problem.UNKNOWN_CLASS: ("the scheme has no such class", "该分类方案没有此类别"),
    Problem.UNKNOWN_CURRENCY: ("there is no such currency", "没有该币种"),
    Problem.UNKNOWN_HOLDER: (
        "an employee, department or company of it does not exist",
        "其中有员工、部门或上级公司不存在",
    ),
}


class SegmentRuleInvalid(DomainError):
    """The rule cannot be used; `conditions` lists every wrong one by its JSON pointer."""

    code = "segment-rule-invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The rule cannot be used: {conditions_en}."
    zh = "规则无法使用：{conditions_zh}。"

    @classmethod
    def of(cls, problems: Sequence[tuple[str, Problem]]) -> "SegmentRuleInvalid":
        """Say it of conditions by their JSON pointers."""
        return cls(
            conditions_en="; ".join(f"{place}: {WORDS[problem][0]}" for place, problem in problems),
            conditions_zh="；".join(
                f"{_place_zh(place)}：{WORDS[problem][1]}" for place, problem in problems
            ),
            extra={
                "conditions": [
                    {"pointer": pointer, "problem": problem} for pointer, problem in problems
                ]
            },
        )


def _place_zh(pointer: str) -> str:
    """Return where a condition stands, as people count: `/rule/of/0/of/1` is 第 1.2 项条件."""
    numbers = [str(int(step) + 1) for step in pointer.split("/") if step.isdigit()]
    return f"第 {'.'.join(numbers)} 项条件" if numbers else "整条规则"


class SegmentNeedsRule(DomainError):
    """A dynamic segment is kept by a rule; a static one is a list and has none."""

    code = "segment-needs-rule"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A dynamic segment has a rule, and a static one has none."
    zh = "动态分群必须有规则，静态分群不得有规则。"


class SegmentCodeTaken(DomainError):
    """Another segment already has this code."""

    code = "segment-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another segment already has this code."
    zh = "该编码已被其他客户分群使用。"


class SegmentIsArchived(DomainError):
    """The segment is not used any more."""

    code = "segment-archived"
    status = HTTPStatus.CONFLICT
    en = "The segment {segment} is archived."
    zh = "客户分群“{segment_zh}”已归档。"


class SegmentKeptByRule(DomainError):
    """Who is in a dynamic segment is decided by its rule alone."""

    code = "segment-kept-by-rule"
    status = HTTPStatus.CONFLICT
    en = "The members of the segment {segment} are decided by its rule."
    zh = "客户分群“{segment_zh}”的成员由规则决定，不能手工增减。"


class UnknownCustomers(DomainError):
    """Customers of the list do not exist, or are not among those the caller may see."""

    code = "unknown-customers"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{count} of the customers do not exist."
    zh = "其中 {count} 个客户不存在。"
