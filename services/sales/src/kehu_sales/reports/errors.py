"""What can be refused about a report, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class ReporterNeeded(DomainError):
    """The token names no employee, so the report must."""

    code = "reporter-needed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Say which employee reports it: your token names none."
    zh = "请说明由哪位员工上报：您的令牌未指明员工。"
