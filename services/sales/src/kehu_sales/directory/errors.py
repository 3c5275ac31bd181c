"""What can be refused because of an employee or a department, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class UnknownEmployee(DomainError):
    """No such employee is known here; one entered a moment ago may need a second to arrive."""

    code = "unknown-employee"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The employee {id} is not known here. If entered a moment ago, retry in a second."
    zh = "此处尚无员工 {id}。如该员工刚刚录入，请一秒后重试。"


class EmployeeHasLeft(DomainError):
    """Who is named to work on something works here no more."""

    code = "employee-has-left"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{name} has left; name somebody who works here."
    zh = "{name} 已离职；请指定在职员工。"


class UnknownTerritory(DomainError):
    """No such territory is known here; one set up a moment ago may need a second to arrive."""

    code = "unknown-territory"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The territory {id} is not known here. If set up a moment ago, retry in a second."
    zh = "此处尚无区域 {id}。如该区域刚刚建立，请一秒后重试。"


class UnknownDepartment(DomainError):
    """No such department is known here; one set up a moment ago may need a second to arrive."""

    code = "unknown-department"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The department {id} is not known here. If set up a moment ago, retry in a second."
    zh = "此处尚无部门 {id}。如该部门刚刚建立，请一秒后重试。"


STAFF = (UnknownEmployee, EmployeeHasLeft, UnknownDepartment)
"""What naming people and their department may be refused with."""
