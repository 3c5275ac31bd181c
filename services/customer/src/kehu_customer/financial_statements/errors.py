"""What can be refused about a financial statement."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class StatementTaken(DomainError):
    """There is a statement of this customer for this period already."""

    code = "statement-taken"
    status = HTTPStatus.CONFLICT
    en = "There is a statement of this customer for this period already; correct that one."
    zh = "该客户在此期间的财务报表已存在，请修改原报表。"


class PeriodBackwards(DomainError):
    """A period ends after it starts."""

    code = "period-backwards"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The period ends on {ends_on}, before it starts on {starts_on}."
    zh = "期间的结束日 {ends_on} 早于开始日 {starts_on}。"
