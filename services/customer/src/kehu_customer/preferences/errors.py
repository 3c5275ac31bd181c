"""What can be refused about preferences."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class UnknownRegion(DomainError):
    """No phone numbers are known for this region."""

    code = "unknown-region"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{region} is no region with phone numbers. Use a code of two letters, such as CN."
    zh = "{region} 不是有电话号码的国家或地区，请使用两位代码，例如 CN。"
