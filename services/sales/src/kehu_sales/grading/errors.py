"""What can be refused about grading, in business words."""

from dataclasses import dataclass
from http import HTTPStatus

from kehu_kernel.errors import DomainError

INDICATOR_ZH = {
    "predicted_revenue": "预测收入",
    "urgency": "紧急程度",
    "importance": "重要程度",
    "need_difficulty": "需求难易度",
    "competition": "竞争程度",
    "customer_value": "客户价值",
    "customer_risk": "客户风险程度",
    "customer_activity": "客户活跃程度",
}
"""The eight indicators in Chinese (L2848)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a scheme as refusals name it, in both languages."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en


class WeightsUnsound(DomainError):
    """Weights add up to one; they are given, or follow from a pairwise matrix, not both."""

    code = "weights-unsound"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = (
        "Give the weight of each of the eight indicators, which add up to 1, or a matrix, not both."
    )
    zh = "请给出八个指标的权重且合计为 1，或给出判断矩阵；二者不可兼有。"


class MatrixNotReciprocal(DomainError):
    """If one indicator counts three times as much as another, that one counts a third of it."""

    code = "matrix-not-reciprocal"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{first} against {second} is not the reciprocal of {second} against {first}."
    zh = "判断矩阵中“{first}”对“{second}”与“{second}”对“{first}”不互为倒数。"
    zh_words = INDICATOR_ZH


class JudgementsInconsistent(DomainError):
    """The judgements contradict each other too much for weights to follow from them."""

    code = "judgements-inconsistent"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = (
        "The consistency ratio {ratio} is above {limit}. Look at {first} against {second} first: "
        "{given} was given, the other judgements say {implied}."
    )
    zh = (
        "一致性比率 {ratio} 超过上限 {limit}。请先检查“{first}”对“{second}”：给出 {given}，"
        "其余判断推得 {implied}。"
    )
    zh_words = INDICATOR_ZH


class BandsUnsound(DomainError):
    """The bands of a value standard begin anywhere and rise, so that each value is in one."""

    code = "bands-unsound"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The first band of {indicator} has no beginning, the others begin higher one by one."
    zh = "“{indicator}”的第一个分值区间不设下限，其余区间下限须逐个升高。"
    zh_words = INDICATOR_ZH


class LevelsUnsound(DomainError):
    """There are three levels with codes of their own, the highest first, and no gap below."""

    code = "levels-unsound"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Each level has a code of its own and begins lower than the one before, the last at 0."
    zh = "各级别代码不得重复，起始分须逐级降低，最低级别从 0 分开始。"


class LimitNotShorter(DomainError):
    """What is of a higher level is handled in a shorter time (L2878)."""

    code = "limit-not-shorter"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = (
        "The handling time limit of {higher}, {days} days, is not shorter than that of the lower "
        "level {lower}, {more} days."
    )
    zh = "级别 {higher} 的处理时限（{days} 天）必须短于较低级别 {lower} 的处理时限（{more} 天）。"


class LeaderUnclear(DomainError):
    """A level names an employee or a role as its leader, not both."""

    code = "leader-unclear"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The level {level} names an employee or a role as its leader, not both."
    zh = "级别 {level} 的负责领导只能指定一名员工或一个角色。"


class UnknownLevel(DomainError):
    """A direct rule leads to a level that there is not."""

    code = "unknown-level"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no level {level}."
    zh = "不存在级别 {level}。"


class LevelNotGraded(DomainError):
    """A filter names a level that no grading scheme of the tenant has or had."""

    code = "level-not-graded"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "No opportunity is graded {level}; the levels are {levels}."
    zh = "没有级别 {level}；可用的级别为：{levels}。"


class RuleUnclear(DomainError):
    """A direct rule compares the value of an indicator, or asks for social influence."""

    code = "rule-unclear"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A rule on social influence names no indicator and no value; the others name both."
    zh = "社会影响规则不填指标和数值；其他直接定级规则须同时填写指标和数值。"


class ScaleUnsound(DomainError):
    """The scale of what users enter ends above where it begins."""

    code = "scale-unsound"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The scale ends at {highest}, not above {lowest}."
    zh = "评估值上限 {highest} 必须大于下限 {lowest}。"


class SchemeOutsideScale(DomainError):
    """What a scheme compares with values, or takes for them, lies on its scale."""

    code = "scheme-outside-scale"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Outside the scale, from {lowest} to {highest}: {places}."
    zh = "以下内容超出评估值范围 {lowest} 至 {highest}：{places}。"


class SchemeRepeats(DomainError):
    """Of two that say what becomes of the same thing, one would be ignored."""

    code = "scheme-repeats"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Given more than once: {places}."
    zh = "以下内容重复填写：{places}。"


class ValueOutsideScale(DomainError):
    """What is entered of an indicator lies on the scheme's scale."""

    code = "value-outside-scale"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The value {value} of {indicator} is outside the scale, from {lowest} to {highest}."
    zh = "“{indicator}”的评估值 {value} 超出取值范围 {lowest} 至 {highest}。"
    zh_words = INDICATOR_ZH


class GradingNotSetUp(DomainError):
    """The tenant has no grading scheme in force."""

    code = "grading-not-set-up"
    status = HTTPStatus.CONFLICT
    en = "No grading scheme is in force; set it up first."
    zh = "尚未启用商机定级方案，请先设置。"


class NotEffectiveYet(DomainError):
    """Only effective opportunities are graded (L2854)."""

    code = "not-effective-yet"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} is not effective: confirm it, or let it pass its evaluation."
    zh = "商机 {number} 尚不是有效商机：请先确认，或通过评估。"
