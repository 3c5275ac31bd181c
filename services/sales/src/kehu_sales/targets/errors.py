"""What can be refused about a target, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class TargetTaken(DomainError):
    """There is a target of this period, subject and currency already."""

    code = "target-taken"
    status = HTTPStatus.CONFLICT
    en = "There is a target for this period and currency already: change that one."
    zh = "该期间和币种已有销售目标，请修改原目标。"


class TargetWithdrawn(DomainError):
    """A withdrawn target is not changed, but by setting its amount again."""

    code = "target-withdrawn"
    status = HTTPStatus.CONFLICT
    en = "The target for {period} was withdrawn: change its amount to set it again."
    zh = "{period} 的目标已撤销；修改金额即可重新启用。"


class OneSubject(DomainError):
    """A target is for an employee or for a department."""

    code = "one-subject"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name either an employee or a department."
    zh = "请指定员工或部门中的一个。"
