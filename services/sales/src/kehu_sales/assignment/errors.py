"""What can be refused about assignment, in business words."""

from http import HTTPStatus

from kehu_kernel.db import Constraints
from kehu_kernel.errors import ConcurrentChange, DomainError


class NobodyToAssign(DomainError):
    """No rule applies and finds somebody who is there and below the limit; see explanation."""

    code = "nobody-to-assign"
    status = HTTPStatus.CONFLICT
    en = "No rule finds anybody for this opportunity; see explanation."
    zh = "没有分配规则能为该商机找到合适人员，请查看 explanation。"


class AssigneesMissing(DomainError):
    """A rule names nobody whom it could choose from."""

    code = "assignees-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = (
        "The rule must say whom it chooses from: employees or a department; only territory finds "
        "its people itself."
    )
    zh = "规则必须指定候选员工或部门；仅“按区域”方式可自动确定人员。"


class AmountsReversed(DomainError):
    """A range of amounts ends where it begins, or before."""

    code = "amounts-reversed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The amounts end below {end}, but begin only with {start}."
    zh = "金额范围上限 {end} 必须大于下限 {start}。"


class UnknownCategory(DomainError):
    """No product is of this category."""

    code = "unknown-category"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "No product is of the category {categories}."
    zh = "没有产品属于类别 {categories}。"


class AssigneeTaken(DomainError):
    """Skills, limit and absences of the employee are on record already."""

    code = "assignee-taken"
    status = HTTPStatus.CONFLICT
    en = "This employee is on record already; change that record."
    zh = "该员工已有分配资料，请修改原有资料。"


CONSTRAINTS: Constraints = {
    "uq_assignees_tenant_id_employee_id": AssigneeTaken,
    "pk_assignment_turns": ConcurrentChange,
}
"""What it means to break a constraint of this slice's tables."""
