"""What can be refused about a quote, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class NoProductLines(DomainError):
    """Without product lines no quote can be made."""

    code = "no-product-lines"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} has no product lines, so there is nothing to quote."
    zh = "商机 {number} 没有产品明细，无法生成报价单。"
