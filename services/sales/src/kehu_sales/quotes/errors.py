"""What can be refused about a quote, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

STATES_ZH = {
    "draft": "草稿", "in_approval": "审批中", "approved": "已审核", "sent": "已发送",
    "accepted": "已接受", "rejected": "已拒绝", "expired": "已过期", "superseded": "已被新版本取代",
    "cancelled": "已取消",
}  # fmt: skip


class NoProductLines(DomainError):
    """Without product lines no quote can be made."""

    code = "no-product-lines"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} has no product lines, so there is nothing to quote."
    zh = "商机 {number} 没有产品明细，无法生成报价单。"


class QuoteSourceUnclear(DomainError):
    """A quote comes from an opportunity, from a price list, or from lines of its own."""

    code = "quote-source-unclear"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name an opportunity, or a price list, or give lines; not an opportunity and a list."
    zh = "请指定商机或价目表，或填写明细；商机与价目表不能同时指定。"


class AnotherCustomersList(DomainError):
    """The price list was agreed with somebody else."""

    code = "another-customers-list"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The price list {number} was agreed with another customer."
    zh = "价目表 {number} 属于其他客户。"


class TooManyPrices(DomainError):
    """A price list is longer than a quote can be: say which products."""

    code = "too-many-prices"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The price list {number} has more than {limit} products: say in lines which ones."
    zh = "价目表 {number} 的产品超过 {limit} 个，请在明细中指定产品。"


class PriceAndDiscount(DomainError):
    """A line has a price of its own or a discount, not both."""

    code = "price-and-discount"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Give a line a unit price or a discount, not both."
    zh = "同一明细行不能同时填写单价和折扣。"


class QuoteNotReady(DomainError):
    """The step does not follow from the state the quote is in."""

    code = "quote-not-ready"
    status = HTTPStatus.CONFLICT
    en = "The quote {number} is {state}; this needs one that is {needed}."
    zh = "报价单 {number} 处于{state}状态；此操作要求{needed}。"
    zh_words = STATES_ZH


class QuoteIsOut(DomainError):
    """What the customer has in hand, or a contract says, cannot be un-approved."""

    code = "quote-is-out"
    status = HTTPStatus.CONFLICT
    en = (
        "The quote {number} is {state} and the customer has it, or it has a contract: its approval "
        "stays. Cancel the contract first."
    )
    zh = "报价单 {number} 处于{state}状态，已交客户或已下推合同，不能撤销审批；请先取消合同。"
    zh_words = STATES_ZH


class QuoteHasExpired(DomainError):
    """The last day of the quote is over."""

    code = "quote-has-expired"
    status = HTTPStatus.CONFLICT
    en = "The quote {number} held until {expires_on}; make a new version."
    zh = "报价单 {number} 的有效期至 {expires_on}，请建立新版本。"


class NewerVersion(DomainError):
    """There is a newer version of the quote already."""

    code = "newer-version"
    status = HTTPStatus.CONFLICT
    en = "There is a newer version of this quote already; go on with that one."
    zh = "该报价单已有更新的版本，请使用新版本。"


class QuotedTooEarly(DomainError):
    """The tenant wants need and solution recorded before a price is told (L2960, L2992)."""

    code = "quoted-too-early"
    status = HTTPStatus.CONFLICT
    en = "Value comes before price: record the need and present the solution of {number} first."
    zh = "先谈价值再谈价格：请先记录商机 {number} 的需求并展示方案。"
