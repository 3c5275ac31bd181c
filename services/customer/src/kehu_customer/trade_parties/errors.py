"""What can be refused about a trade party."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class OwnTradeParty(DomainError):
    """A customer plays every part that nobody else plays: there is nothing to enter."""

    code = "own-trade-party"
    status = HTTPStatus.CONFLICT
    en = "A customer plays every part itself unless somebody else does; name another party."
    zh = "未指定他人时，客户本身即承担所有角色；请指定其他客户。"


class TradePartyTaken(DomainError):
    """The party plays this part for the customer already."""

    code = "trade-party-taken"
    status = HTTPStatus.CONFLICT
    en = "The party plays this part for the customer already."
    zh = "该方已为该客户承担此角色。"


class TradePartyHasEnded(DomainError):
    """The party does not play this part any more; the record is kept."""

    code = "trade-party-has-ended"
    status = HTTPStatus.CONFLICT
    en = "The party has not played this part since {on}; the record is kept as it is."
    zh = "该方自 {on} 起不再承担此角色；记录保持不变。"


class UnknownParty(DomainError):
    """The party must be a customer on record."""

    code = "unknown-party"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The party must be a customer on record."
    zh = "该方必须是已登记的客户。"
