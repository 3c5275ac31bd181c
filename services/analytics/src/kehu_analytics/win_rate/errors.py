"""What can be refused about win rates."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class PeriodReversed(DomainError):
    """A period must not end before it starts."""

    code = "period-reversed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The period ends on {end}, before it starts on {start}."
    zh = "期间结束日 {end} 早于开始日 {start}。"
