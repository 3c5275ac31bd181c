"""What can be refused about an employee."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class EmployeeCodeTaken(DomainError):
    """Another employee already has this code."""

    code = "employee-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another employee already has this code."
    zh = "该员工编号已被其他员工使用。"


class LoginTaken(DomainError):
    """The login belongs to another employee."""

    code = "login-taken"
    status = HTTPStatus.CONFLICT
    en = "This login belongs to another employee."
    zh = "该登录账号已属于其他员工。"


class UnknownManager(DomainError):
    """The manager must be an employee who works here."""

    code = "unknown-manager"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The manager must be an employee who works here."
    zh = "上级必须是在职员工。"


class UnknownTerritory(DomainError):
    """The territory does not exist."""

    code = "unknown-territory"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The territory does not exist."
    zh = "区域不存在。"


class ManagerCycle(DomainError):
    """Nobody can be their own manager, directly or through others."""

    code = "manager-cycle"
    status = HTTPStatus.CONFLICT
    en = "This manager would make the employee their own manager."
    zh = "该上级会使员工成为自己的上级。"


class EmployeeHasLeft(DomainError):
    """The employee has left; the record is kept, but not changed any more."""

    code = "employee-has-left"
    status = HTTPStatus.CONFLICT
    en = "{name} has left; the record is kept but cannot be changed."
    zh = "{name} 已离职；记录保留，但不能再修改。"


class EmployeeOwnsCustomers(DomainError):
    """An employee who still looks after customers cannot leave: hand them over first."""

    code = "employee-owns-customers"
    status = HTTPStatus.CONFLICT
    en = "{name} still looks after {count} customers. Hand them over first."
    zh = "{name} 仍负责 {count} 个客户，请先移交。"
