"""What can be refused about the visit policy."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class UnknownVisitType(DomainError):
    """There is no such type of visit, or it is not in use any more."""

    code = "unknown-visit-type"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no type of visit {type} in use."
    zh = "没有在用的拜访类型 {type}。"


class ChecklistCodesRepeat(DomainError):
    """Two items of a checklist have the same code."""

    code = "checklist-codes-repeat"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The code {item} is used twice in the checklist of {type}."
    zh = "拜访类型“{type}”的清单中编码 {item} 重复。"


class TooManyVisitTypes(DomainError):
    """A tenant has a limited number of types of visits."""

    code = "too-many-visit-types"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There are at most {limit} types of visits."
    zh = "拜访类型最多 {limit} 种。"


class LimitsContradict(DomainError):
    """The shortest first visit must not be longer than the longest, nor the day end early."""

    code = "limits-contradict"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The limits contradict each other: {least} is not below {most}."
    zh = "限值互相矛盾：{least} 不小于 {most}。"
