"""What can be refused about a receipt, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class ReceiptReversed(DomainError):
    """The receipt was a mistake and does not count any more."""

    code = "receipt-reversed"
    status = HTTPStatus.CONFLICT
    en = "The receipt {number} was reversed: nothing can be done with it."
    zh = "收款单 {number} 已冲销，不能再操作。"


class ReceiptExceeded(DomainError):
    """No receipt pays more than what came in."""

    code = "receipt-exceeded"
    status = HTTPStatus.CONFLICT
    en = "Only {unallocated} of the receipt {number} is left, {asked} is asked for."
    zh = "收款单 {number} 仅余 {unallocated} 未分配，不足 {asked}。"


class InstalmentOverpaid(DomainError):
    """No instalment takes more than what is due of it."""

    code = "instalment-overpaid"
    status = HTTPStatus.CONFLICT
    en = "Only {open} of instalment {position} of {number} is open, {asked} is given."
    zh = "合同 {number} 第 {position} 期仅余 {open} 未收，不能分配 {asked}。"


class UnknownInstalment(DomainError):
    """The contract has no such instalment."""

    code = "unknown-instalment"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The contract {number} has no instalment {position}; its plan has {instalments}."
    zh = "合同 {number} 没有第 {position} 期，其回款计划共 {instalments} 期。"


class ReceiptOfAnotherCustomer(DomainError):
    """A customer's money pays that customer's contracts."""

    code = "receipt-of-another-customer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The contract {number} is with another customer than the one who paid."
    zh = "合同 {number} 的客户与付款客户不一致。"


class ReceiptCurrencyDiffers(DomainError):
    """A receipt pays contracts in its own currency."""

    code = "receipt-currency-differs"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The contract {number} is in {currency}, the receipt in {paid}."
    zh = "合同 {number} 以 {currency} 计，收款以 {paid} 计。"


class NothingAllocated(DomainError):
    """The receipt pays nothing of that instalment, so there is nothing to take back."""

    code = "nothing-allocated"
    status = HTTPStatus.CONFLICT
    en = "The receipt {number} pays nothing of that instalment."
    zh = "收款单 {number} 未分配到该期。"


class ReceiptRefunded(DomainError):
    """What was paid back has come in once: the receipt is no mistake."""

    code = "receipt-refunded"
    status = HTTPStatus.CONFLICT
    en = "{refunded} of the receipt {number} was paid back: it cannot be reversed."
    zh = "收款单 {number} 已退款 {refunded}，不能冲销。"
