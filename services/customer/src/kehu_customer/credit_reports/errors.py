"""What can be refused about a credit report."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class AgencyMissing(DomainError):
    """A report of an agency names the agency."""

    code = "agency-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name the agency that made the report."
    zh = "请注明出具报告的资信机构。"
