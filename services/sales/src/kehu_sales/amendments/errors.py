"""What can be refused about the amendment of a contract, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

NONE_ZH = {"none": "无"}


class ContractBeingAmended(DomainError):
    """One amendment at a time; and nothing ends while one waits."""

    code = "contract-being-amended"
    status = HTTPStatus.CONFLICT
    en = "An amendment of the contract waits for approval: have it decided or withdraw it first."
    zh = "该合同有变更正在审批，请先完成审批或撤回变更。"


class UnknownRevision(DomainError):
    """The contract is there, but nothing with this number was agreed to."""

    code = "unknown-revision"
    status = HTTPStatus.NOT_FOUND
    en = "The contract {number} has no revision {revision}; agreed to were: {agreed}."
    zh = "合同 {number} 没有第 {revision} 版；已生效的版本：{agreed}。"
    zh_words = NONE_ZH


class NothingAmended(DomainError):
    """Everything proposed is what the contract says already."""

    code = "nothing-amended"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The amendment of {number} changes nothing."
    zh = "合同 {number} 的变更与现有内容一致。"


class AmendmentCurrencyDiffers(DomainError):
    """What was agreed, planned and paid is in one currency, and stays there."""

    code = "amendment-currency-differs"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The contract {number} is in {currency}; the new lines are in {given}."
    zh = "合同 {number} 以 {currency} 计，变更明细以 {given} 计。"


class TotalBelowCollected(DomainError):
    """A contract is never worth less than what has come in for it."""

    code = "total-below-collected"
    status = HTTPStatus.CONFLICT
    en = "{collected} was received for {number}; a total of {total} is less. Release money first."
    zh = "合同 {number} 已回款 {collected}，变更后总额 {total} 低于已回款，请先释放收款。"


class InstalmentBelowCollected(DomainError):
    """No instalment shrinks below what was paid of it, nor goes away."""

    code = "instalment-below-collected"
    status = HTTPStatus.CONFLICT
    en = "{collected} of instalment {position} of {number} was received; {amount} is less."
    zh = "合同 {number} 第 {position} 期已回款 {collected}，不能变更为 {amount}。"


class PaidInstalmentChanged(DomainError):
    """What is paid is history: its day and amount stay."""

    code = "paid-instalment-changed"
    status = HTTPStatus.CONFLICT
    en = "Instalment {position} of {number} is paid: it stays {amount}, due on {due_on}."
    zh = "合同 {number} 第 {position} 期已付清，到期日 {due_on} 和金额 {amount} 不能变更。"


class AmendmentBelowPlanned(DomainError):
    """Nobody agrees to less than what projects have planned or delivered."""

    code = "amendment-below-planned"
    status = HTTPStatus.CONFLICT
    en = "Projects have planned {planned} of product {product}; {quantity} in {number} is less."
    zh = "项目已安排产品 {product} 数量 {planned}，合同 {number} 不能变更为 {quantity}。"


class AmendmentInForce(DomainError):
    """What both sides have agreed to anew is not un-approved: it is amended again."""

    code = "amendment-in-force"
    status = HTTPStatus.CONFLICT
    en = "The amendment {number} is in force: amend the contract again instead."
    zh = "变更 {number} 已生效，请再次变更合同。"
