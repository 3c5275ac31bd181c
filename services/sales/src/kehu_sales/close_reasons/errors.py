"""What can be refused about reasons of winning and losing."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class CloseReasonTaken(DomainError):
    """There is a reason with this code for this outcome."""

    code = "close-reason-taken"
    status = HTTPStatus.CONFLICT
    en = "There is a reason with this code already."
    zh = "已存在该代码的赢单或输单原因。"


class UnknownCloseReason(DomainError):
    """There is no reason of this outcome with this code in use."""

    code = "unknown-close-reason"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no reason {reason} in use for what was {outcome}."
    zh = "没有启用的{outcome}原因 {reason}。"
    zh_words = {"won": "赢单", "lost": "输单"}  # noqa: RUF012 - as every error has it
