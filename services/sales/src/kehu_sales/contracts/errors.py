"""What can be refused about a sales contract, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

STATES_ZH = {
    "draft": "草稿", "in_approval": "审批中", "approved": "已审核", "fulfilled": "已履行",
    "cancelled": "已取消",
}  # fmt: skip

SOURCES_ZH = {
    "quote_id": "报价单", "lines": "明细", "discount_percent": "整单折扣", "nothing": "无",
}  # fmt: skip


class QuoteNotApproved(DomainError):
    """Only a quote that was approved is pushed down to a contract (1.4, item 2)."""

    code = "quote-not-approved"
    status = HTTPStatus.CONFLICT
    en = "The quote {number} is not approved: no contract can be made from it."
    zh = "报价单 {number} 未审核通过，不能下推销售合同。"


class UnknownQuote(DomainError):
    """The quote a contract is to be made from does not exist, or is out of sight."""

    code = "unknown-quote"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no quote {id}."
    zh = "不存在报价单 {id}。"


class UnknownContract(DomainError):
    """What names a contract, such as a project or a receipt, names one that does not exist."""

    code = "unknown-contract"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no contract {id}."
    zh = "不存在合同 {id}。"


class QuoteHasContract(DomainError):
    """A quote has one contract at most; a cancelled one makes way for another."""

    code = "quote-has-contract"
    status = HTTPStatus.CONFLICT
    en = "A contract was made from this quote already; cancel that one first."
    zh = "该报价单已下推销售合同，请先取消原合同。"


class ContractSourceUnclear(DomainError):
    """A contract comes from a quote, or has lines of its own."""

    code = "contract-source-unclear"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = (
        "A contract is made from a quote or from lines; given: {given}. Give quote_id alone, whose "
        "lines and discount are taken over, or lines without quote_id, and discount_percent if "
        "something is given off."
    )
    zh = (
        "合同来自报价单，或来自自填明细；已填写：{given}。请只指定报价单，其明细和折扣将直接带入；"
        "或不指定报价单，填写明细，有整单折扣时另填整单折扣。"
    )
    zh_words = SOURCES_ZH


class LinesOfTheQuote(DomainError):
    """A draft says what was quoted: what was quoted in error is quoted again."""

    code = "lines-of-the-quote"
    status = HTTPStatus.CONFLICT
    en = (
        "The draft {number} has the lines of its quote: cancel it and make a new version of the "
        "quote, or amend the contract when it is in force."
    )
    zh = (
        "合同草稿 {number} 的明细来自报价单：请取消草稿并建立报价单新版本，或在合同生效后进行变更。"
    )


class ContractNeedsCustomer(DomainError):
    """A contract is with somebody."""

    code = "contract-needs-customer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name the customer the contract is with."
    zh = "请指定合同客户。"


class NotATradeCustomer(DomainError):
    """Only trade customers are on contracts (C13; 1.5)."""

    code = "not-a-trade-customer"
    status = HTTPStatus.CONFLICT
    en = "{name} is not a trade customer yet: promote it first, then make the contract."
    zh = "{name} 尚不是交易客户，请先转为交易客户再签订合同。"


class ContractNotReady(DomainError):
    """The step does not follow from the state the contract is in."""

    code = "contract-not-ready"
    status = HTTPStatus.CONFLICT
    en = "The contract {number} is {state}; this needs one that is {needed}."
    zh = "合同 {number} 处于{state}状态；此操作要求{needed}。"
    zh_words = STATES_ZH


class ContractInForce(DomainError):
    """What binds both sides is not un-approved: it is amended, or cancelled and made again."""

    code = "contract-in-force"
    status = HTTPStatus.CONFLICT
    en = "The contract {number} is in force: amend it, or cancel it and make another instead."
    zh = "合同 {number} 已生效，请变更合同，或取消后另立合同。"


class ContractHasReceipts(DomainError):
    """Money was received for it: that has to be paid back first."""

    code = "contract-has-receipts"
    status = HTTPStatus.CONFLICT
    en = "{collected} was received for {number}: release and refund it first."
    zh = "合同 {number} 已回款 {collected}，请先退回款项再取消。"


class ContractHasProjects(DomainError):
    """A project delivers it: that has to be given up first."""

    code = "contract-has-projects"
    status = HTTPStatus.CONFLICT
    en = "Projects deliver {number}: {projects}. Cancel them first."
    zh = "项目 {projects} 正在交付合同 {number}，请先取消项目。"


class ContractHasDeliveries(DomainError):
    """Something was delivered for it: that has to come back first, or the contract is fulfilled.

    Deliveries come back whatever became of their project, also after it was closed.
    """

    code = "contract-has-deliveries"
    status = HTTPStatus.CONFLICT
    en = (
        "Projects have delivered products of {number}: {projects}. If these came back, reverse "
        "their deliveries first; if they stay with the customer, collect and fulfil the contract."
    )
    zh = (
        "项目 {projects} 已交付合同 {number} 的产品。如产品已退回，请先冲销这些项目的交付；"
        "如产品留在客户处，请收齐款项后履行合同。"
    )


class ContractNotCollected(DomainError):
    """A contract is fulfilled when all its money has come in."""

    code = "contract-not-collected"
    status = HTTPStatus.CONFLICT
    en = "{open} of {number} has not come in yet."
    zh = "合同 {number} 尚有 {open} 未回款。"


class NotOnAccount(DomainError):
    """A contract that is paid at once takes no credit: there is nothing to override."""

    code = "not-on-account"
    status = HTTPStatus.CONFLICT
    en = "The contract {number} is not on account: it takes no credit."
    zh = "合同 {number} 不是赊销合同，不占用信用。"


class PlanDoesNotAddUp(DomainError):
    """The instalments are not what is to be paid, to the cent."""

    code = "plan-does-not-add-up"
    status = HTTPStatus.CONFLICT
    en = "The instalments add up to {planned}, but the total is {total}."
    zh = "各期回款合计 {planned}，与合同总额 {total} 不一致。"


class PercentsDoNotAddUp(DomainError):
    """Percentages are of the whole: they make a hundred."""

    code = "percents-do-not-add-up"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The percentages of the instalments add up to {percent}, not to 100."
    zh = "各期回款比例合计为 {percent}%，应为 100%。"


class AmountOrPercent(DomainError):
    """All instalments say what they are in one way."""

    code = "amount-or-percent"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Give every instalment an amount, or every one a percentage."
    zh = "各期回款必须统一填写金额，或统一填写比例。"


class DueBeforeSigning(DomainError):
    """Nothing is due before there is a contract."""

    code = "due-before-signing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "An instalment is due on {due_on}, before the contract is signed on {signed_on}."
    zh = "回款到期日 {due_on} 早于合同签订日期 {signed_on}。"
