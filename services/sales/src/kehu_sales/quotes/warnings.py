"""What a quote warns of: said when it is made, never in the way unless the tenant wants it so."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from kehu_sales.opportunities.models import Opportunity
from kehu_sales.quotes.lines import NO_DISCOUNT, QuoteLine


class QuoteWarning(StrEnum):
    """What may be wrong with a quote."""

    NEED_NOT_RECORDED = "need-not-recorded"
    SOLUTION_NOT_PRESENTED = "solution-not-presented"
    BELOW_FLOOR = "below-floor"
    OVER_LIMIT = "over-limit"
    OTHER_PRICE = "other-price"
    DEARER_THAN_LIST = "dearer-than-list"
    CHEAPER_THAN_LIST = "cheaper-than-list"


class Words(NamedTuple):
    """A warning in both languages, and the place in the texts."""

    en: str
    zh: str
    source: str


WORDS = {
    QuoteWarning.NEED_NOT_RECORDED: Words(
        "The customer's need is not recorded: find the problem before you talk of price.",
        "尚未记录客户需求：先找到客户的问题，再谈价格。",
        "4 §6.2, L2948",
    ),
    QuoteWarning.SOLUTION_NOT_PRESENTED: Words(
        "The solution has not been presented: a price told before the value starts a price war.",
        "尚未展示方案：在价值之前谈价格会引发价格战。",
        "4 §6.3, §6.6, L2960, L2992",
    ),
    QuoteWarning.BELOW_FLOOR: Words(
        "A line is below the floor price: the quote needs approval.",
        "有明细低于底价：报价单需要审批。",
        "4 §6.1, L2936",
    ),
    QuoteWarning.OVER_LIMIT: Words(
        "The discount is above your limit: the quote needs approval.",
        "折扣超过您的权限：报价单需要审批。",
        "S7",
    ),
    QuoteWarning.OTHER_PRICE: Words(
        "The customer holds another quote with another price for the same product.",
        "该客户持有同一产品不同价格的其他报价。",
        "2 L583",
    ),
    QuoteWarning.DEARER_THAN_LIST: Words(
        "A price that was typed is above the customer's price: somebody else would offer less.",
        "有手工填写的单价高于该客户的价目表价格：其他同事的报价会更低。",
        "2 L583",
    ),
    QuoteWarning.CHEAPER_THAN_LIST: Words(
        "A price that was typed is below the customer's price.",
        "有手工填写的单价低于该客户的价目表价格。",
        "2 L583",
    ),
}


def too_early(opportunity: Opportunity | None, solution_rate: int) -> list[QuoteWarning]:
    """Return what has to be recorded of an opportunity before its price is told (6.2, 6.3, 6.6).

    The solution is presented when the customer's acceptance of it is recorded, or the opportunity
    is past the stage that prepares it: above the success rate of that one, in percent. A quote
    without an opportunity is for a customer who asked for a price.
    """
    if opportunity is None:
        return []
    found = []
    if not opportunity.need:
        found.append(QuoteWarning.NEED_NOT_RECORDED)
    past_it = (opportunity.success_rate or 0) > solution_rate
    if opportunity.solution_accepted_on is None and not past_it:
        found.append(QuoteWarning.SOLUTION_NOT_PRESENTED)
    return found


def typed_otherwise(lines: Iterable[QuoteLine]) -> list[QuoteWarning]:
    """Return how prices that somebody typed differ from what the price source says (S6).

    In another currency they cannot be compared.
    """
    typed = [
        (line.unit_price, line.base_price)
        for line in lines
        if line.typed and line.base_price is not None
    ]
    found = []
    if any(ours > theirs for ours, theirs in typed):
        found.append(QuoteWarning.DEARER_THAN_LIST)
    if any(ours < theirs for ours, theirs in typed):
        found.append(QuoteWarning.CHEAPER_THAN_LIST)
    return found


def has_other_price(
    lines: Iterable[QuoteLine],
    held: Iterable[QuoteLine],
    *,
    off: Decimal = NO_DISCOUNT,
    held_off: Decimal = NO_DISCOUNT,
) -> bool:
    """Whether a product is offered here at another price than in a quote the customer holds (T18).

    What counts is the price after the discount on the whole, `off` here and `held_off` there.
    Another quantity may have another price.
    """
    prices = {(line.product_id, line.quantity): line.net_price(held_off) for line in held}
    return any(
        prices.get((line.product_id, line.quantity), line.net_price(off)) != line.net_price(off)
        for line in lines
    )
