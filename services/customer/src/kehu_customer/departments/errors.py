"""What can be refused about a department."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class DepartmentCodeTaken(DomainError):
    """Another department already has this code."""

    code = "department-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another department already has this code."
    zh = "该部门编码已被其他部门使用。"


class DepartmentCycle(DomainError):
    """A department cannot lie below itself."""

    code = "department-cycle"
    status = HTTPStatus.CONFLICT
    en = "{name} cannot be moved below itself or a department of its own."
    zh = "不能将 {name} 移到其自身或其下级部门之下。"


class UnknownDepartment(DomainError):
    """The department does not exist."""

    code = "unknown-department"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The department does not exist."
    zh = "部门不存在。"
