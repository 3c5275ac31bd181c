"""What can be refused about prices, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class TaxRateUnknown(DomainError):
    """Documents are in prices with tax: one without becomes one by the rate of its product."""

    code = "tax-rate-unknown"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The price of {name} in {number} is without tax, and the product has no tax rate."
    zh = "价目表 {number} 中 {name} 的价格不含税，但该产品未填写税率。"


class NoPriceInCurrency(DomainError):
    """Neither a price list nor the product itself has a price in the currency asked for."""

    code = "no-price-in-currency"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{name} has no price in {currency}; amounts are not converted."
    zh = "{name} 没有 {currency} 价格；系统不做汇率换算。"
