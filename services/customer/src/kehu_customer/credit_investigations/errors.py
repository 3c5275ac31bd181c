"""What can be refused about a credit investigation."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

STATE_ZH = {"open": "进行中", "done": "已完成", "cancelled": "已取消"}


class InvestigationUnderWay(DomainError):
    """The customer is being investigated already."""

    code = "investigation-under-way"
    status = HTTPStatus.CONFLICT
    en = "The credit of this customer is being investigated already."
    zh = "该客户的资信调查已在进行中。"


class InvestigationClosed(DomainError):
    """The investigation is done or cancelled."""

    code = "investigation-closed"
    status = HTTPStatus.CONFLICT
    en = "The investigation is {state}."
    zh = "该资信调查{state}。"
    zh_words = STATE_ZH
