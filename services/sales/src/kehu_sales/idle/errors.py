"""What can be refused about the rule of idle opportunities, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class WarningTooEarly(DomainError):
    """The warning would be due on the day somebody turned to the opportunity, or before."""

    code = "warning-too-early"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The warning, {warn_days} days before, leaves no day of the {idle_days} to turn to it."
    zh = "提前 {warn_days} 天预警，但闲置期限仅 {idle_days} 天；预警天数必须小于闲置天数。"
