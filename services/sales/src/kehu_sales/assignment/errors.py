"""What can be refused about assignment, in business words."""

from http import HTTPStatus

from kehu_kernel.db import Constraints
from kehu_kernel.errors import ConcurrentChange, DomainError


class NobodyToAssign(DomainError):
    """No rule applies and finds somebody who is there and below the limit.

    `explanation` says of each active rule why it does not apply, or why each of its people cannot
    have it; it is empty if there is no active rule.
    """

    code = "nobody-to-assign"
    status = HTTPStatus.CONFLICT
    en = "No active rule ({rules} tried) finds anybody: name an owner, or see explanation."
    zh = "启用的分配规则（{rules} 条）均未找到合适人员：请指定负责人，或查看说明（explanation）。"


class AmountsReversed(DomainError):
    """A range of amounts ends above where it begins."""

    code = "amounts-reversed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The amounts end at {below}, not above {amount_from}: no opportunity would be meant."
    zh = "金额上限 {below} 不高于下限 {amount_from}，不会匹配任何商机。"


class PositionTaken(DomainError):
    """Of two active rules one is looked at first: each has a position of its own."""

    code = "position-taken"
    status = HTTPStatus.CONFLICT
    en = "Another active rule has this position; take another one, or switch that rule off."
    zh = "已有启用的规则使用该顺序号，请更换顺序号或停用原规则。"


class UnknownCategories(DomainError):
    """No product is of a category that a rule or a skill names."""

    code = "unknown-categories"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "No product is of these categories: {names}."
    zh = "没有产品属于以下类别：{names}。"


class UnknownIndustries(DomainError):
    """No customer is of an industry that a skill names."""

    code = "unknown-industries"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "No customer is of these industries: {names}."
    zh = "没有客户属于以下行业：{names}。"


class AssigneesMissing(DomainError):
    """A rule names nobody whom it could choose from."""

    code = "assignees-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = (
        "The rule must say whom it chooses from: employees or a department; only territory finds "
        "its people itself."
    )
    zh = "规则必须指定候选员工或部门；仅“按区域”方式可自动确定人员。"


class AssigneeTaken(DomainError):
    """Skills, limit and absences of the employee are on record already."""

    code = "assignee-taken"
    status = HTTPStatus.CONFLICT
    en = "This employee is on record already; change that record."
    zh = "该员工已有分配资料，请修改原有资料。"


CONSTRAINTS: Constraints = {
    "uq_assignees_tenant_id_employee_id": AssigneeTaken,
    "pk_assignment_turns": ConcurrentChange,
    "uq_assignment_rules_position": PositionTaken,
}
"""What it means to break a constraint of this slice's tables."""
