"""What can be refused about a price list, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class AudienceUnclear(DomainError):
    """A list is for one customer, one segment, one tier, one class, or everybody."""

    code = "audience-unclear"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A list for {audience} names exactly that: customer_id, segment_id or audience_code."
    zh = (
        "适用对象为{audience}的价目表只能填写相应的一项："
        "客户（customer_id）、客户分群（segment_id）或代码（audience_code）。"
    )
    zh_words = {  # noqa: RUF012 - as every error has it
        "customer": "客户", "segment": "客户分群", "tier": "客户等级", "class": "客户分类",
        "everybody": "所有客户",
    }  # fmt: skip


class PriceListIsFixed(DomainError):
    """Only a draft can be changed."""

    code = "price-list-is-fixed"
    status = HTTPStatus.CONFLICT
    en = "The price list {number} is being approved or approved: reject or un-approve it first."
    zh = "价目表 {number} 正在审批或已审核，请先驳回或反审核。"


class NoPriceLines(DomainError):
    """A list without prices is not submitted."""

    code = "no-price-lines"
    status = HTTPStatus.CONFLICT
    en = "The price list {number} has no prices."
    zh = "价目表 {number} 没有价格明细。"


class PriceListNotApproved(DomainError):
    """Only an approved list that is valid can be pushed down to a quote."""

    code = "price-list-not-approved"
    status = HTTPStatus.CONFLICT
    en = "The price list {number} is not approved, or not valid on {on}."
    zh = "价目表 {number} 未审核，或在 {on} 无效。"


class UnknownPriceList(DomainError):
    """A quote names a price list that does not exist."""

    code = "unknown-price-list"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no price list {id}."
    zh = "不存在价目表 {id}。"


class LineRepeats(DomainError):
    """A product has one price from one quantity on."""

    code = "line-repeats"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The product {product} is there twice from quantity {from_quantity} on."
    zh = "产品 {product} 的起始数量 {from_quantity} 重复。"
