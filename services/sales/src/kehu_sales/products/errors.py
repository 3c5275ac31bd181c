"""What can be refused about a product, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class ProductCodeTaken(DomainError):
    """Another product already has this code."""

    code = "product-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another product already has this code."
    zh = "该产品编码已被其他产品使用。"


class UnknownProduct(DomainError):
    """A line names a product that does not exist."""

    code = "unknown-product"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no product {id}."
    zh = "不存在产品 {id}。"


class ProductWithdrawn(DomainError):
    """A withdrawn product is not offered any more."""

    code = "product-withdrawn"
    status = HTTPStatus.CONFLICT
    en = "The product {name} has been withdrawn and is not offered any more."
    zh = "产品 {name} 已停售，不能再提供。"


class FloorInAnotherCurrency(DomainError):
    """A product has one currency."""

    code = "floor-in-another-currency"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The floor price must be in the currency of the list price."
    zh = "底价的币种必须与标价一致。"


class FloorAbovePrice(DomainError):
    """The floor lies above the list price."""

    code = "floor-above-price"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The floor price must not be higher than the list price."
    zh = "底价不能高于标价。"
