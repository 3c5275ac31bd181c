"""What can be refused about a source of facts, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class SourceCodeTaken(DomainError):
    """Another source of facts already has this code."""

    code = "source-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another source of facts already has this code."
    zh = "该编码已被其他信息来源使用。"


class UnknownSource(DomainError):
    """The source of facts does not exist, or is not in use any more."""

    code = "unknown-source"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no source of facts {source} in use."
    zh = "没有在用的信息来源 {source}。"
