"""What can be refused about the ages of receivables, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class AgesNotRising(DomainError):
    """Each age ends later than the one before."""

    code = "ages-not-rising"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Each age has to end later than the one before; {ages} do not."
    zh = "各账龄段的截止天数必须逐段增大；{ages} 不符合。"
