"""What can be refused about an acquaintance."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class AcquaintanceTaken(DomainError):
    """It is on record already that the two know each other: change that."""

    code = "acquaintance-taken"
    status = HTTPStatus.CONFLICT
    en = "It is on record already that the two know each other. Change that record instead."
    zh = "两人的相识关系已登记，请改为修改该记录。"


class UnknownEmployee(DomainError):
    """It must be an employee who works here."""

    code = "unknown-employee"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "It must be an employee who works here."
    zh = "必须是在职员工。"
