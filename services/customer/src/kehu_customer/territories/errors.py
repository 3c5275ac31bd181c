"""What can be refused about a territory."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class TerritoryCodeTaken(DomainError):
    """Another territory already has this code."""

    code = "territory-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another territory already has this code."
    zh = "该区域编码已被其他区域使用。"
