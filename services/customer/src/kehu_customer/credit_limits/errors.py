"""What can be refused about a credit limit."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class LimitTaken(DomainError):
    """A customer has one limit at any time."""

    code = "limit-taken"
    status = HTTPStatus.CONFLICT
    en = "This customer has a limit in this year already; adjust that one."
    zh = "该客户在此年度已有信用额度，请调整原额度。"


class NotHeadCompany(DomainError):
    """Branches share the limit of their head company."""

    code = "not-head-company"
    status = HTTPStatus.CONFLICT
    en = "A branch has no limit of its own: grant it to the head company {head_id}."
    zh = "分支机构不单独授信，请对总公司 {head_id} 授信。"


class LimitPeriodOver(DomainError):
    """The year of the limit is over."""

    code = "limit-period-over"
    status = HTTPStatus.CONFLICT
    en = "The year of this limit ended before {ends_on}."
    zh = "该额度所属年度已于 {ends_on} 之前结束。"


class LimitBelowUsed(DomainError):
    """A limit is not put below what is used, unless by somebody who may and says so."""

    code = "limit-below-used"
    status = HTTPStatus.CONFLICT
    en = "{used} is used already: {amount} is less. Send `override` if you may and mean it."
    zh = "已使用 {used}，高于 {amount}。如有权限且确需如此，请以特批方式提交。"
