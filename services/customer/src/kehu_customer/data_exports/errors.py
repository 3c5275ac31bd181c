"""What can be refused about exports of a person's data."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class ExportNotReady(DomainError):
    """The export is being put together."""

    code = "export-not-ready"
    status = HTTPStatus.CONFLICT
    en = "The export is not ready yet: retry in a second."
    zh = "导出尚未完成，请一秒后重试。"


class ExportGone(DomainError):
    """The export has expired, or the person was erased."""

    code = "export-gone"
    status = HTTPStatus.GONE
    en = "The export has expired, or the person was erased."
    zh = "导出已过期，或该人员的个人信息已被删除。"
