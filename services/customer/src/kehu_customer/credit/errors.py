"""What can be refused about credit, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class CreditRefused(DomainError):
    """The credit does not allow the amount; `findings` of the problem tell why."""

    code = "credit-refused"
    status = HTTPStatus.CONFLICT
    en = "The customer may not take on {amount} {currency}: {why_en}"
    zh = "该客户不能再占用 {amount} {currency} 的信用：{why_zh}"


class CreditAlreadyBlocked(DomainError):
    """The credit of this customer is blocked already."""

    code = "credit-already-blocked"
    status = HTTPStatus.CONFLICT
    en = "The credit of this customer is blocked already: {reason}"
    zh = "该客户的信用已被冻结：{reason}"


class CreditNotBlocked(DomainError):
    """The credit of this customer is not blocked."""

    code = "credit-not-blocked"
    status = HTTPStatus.CONFLICT
    en = "The credit of this customer itself is not blocked."
    zh = "该客户自身的信用未被冻结。"


class CreditCurrencyDiffers(DomainError):
    """The credit of a customer is in one currency."""

    code = "credit-currency-differs"
    status = HTTPStatus.CONFLICT
    en = "The credit of this customer is in {currency}, not in {asked}."
    zh = "该客户的信用以 {currency} 计，不能使用 {asked}。"
