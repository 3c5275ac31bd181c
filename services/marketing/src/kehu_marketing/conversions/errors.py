"""Why a conversion fails, or has to wait. Stored with it, shown in both languages."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError
from kehu_marketing.outbound import ServiceRefused


class AmbiguousCustomer(DomainError):
    """Several current customers have the typed name."""

    code = "ambiguous-customer"
    status = HTTPStatus.CONFLICT
    en = "Several customers are called {name}. Pick the right one (customer_id)."
    zh = "有多个客户名为 {name}，请选择正确的客户（customer_id）。"


class CustomerServedElsewhere(DomainError):
    """The customer is on record, but whoever owns the lead may not see it."""

    code = "customer-served-elsewhere"
    status = HTTPStatus.CONFLICT
    en = "The department {department} serves {name} already. Hand the lead over to it."
    zh = "{name} 已由 {department} 负责，请将线索移交给该部门。"


class PickedCustomerMissing(DomainError):
    """The picked customer does not exist."""

    code = "picked-customer-missing"
    status = HTTPStatus.CONFLICT
    en = "The picked customer does not exist."
    zh = "所选客户不存在。"


class PickedCustomerHasEnded(DomainError):
    """The relation with the picked customer has ended."""

    code = "picked-customer-has-ended"
    status = HTTPStatus.CONFLICT
    en = "The relation with {name} has ended; pick a current customer."
    zh = "与 {name} 的业务关系已终止，请选择有效客户。"


class PickedContactMissing(DomainError):
    """The picked contact does not exist."""

    code = "picked-contact-missing"
    status = HTTPStatus.CONFLICT
    en = "The picked contact does not exist."
    zh = "所选联系人不存在。"


class ContactOfAnotherCustomer(DomainError):
    """The picked contact belongs to another customer."""

    code = "contact-of-another-customer"
    status = HTTPStatus.CONFLICT
    en = "{name} is not a contact of this customer."
    zh = "{name} 不是该客户的联系人。"


class SalesLagsBehind(DomainError):
    """Sales has not heard of the customer, or the owner, yet: copies follow within moments."""

    code = "sales-lags-behind"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = "Sales does not know the customer or the lead's owner yet; the step is repeated."
    zh = "销售服务尚未同步该客户或线索负责人，系统将自动重试。"
    retryable = True


class StepTooSlow(DomainError):
    """A step did not finish in time."""

    code = "step-too-slow"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = "The step did not finish in time; it is repeated."
    zh = "该步骤超时，系统将自动重试。"
    retryable = True


class StepBroken(DomainError):
    """A step met something nobody foresaw; it is recorded and repeated."""

    code = "internal-error"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    en = "An unexpected error occurred; it has been recorded, and the step is repeated."
    zh = "发生意外错误，已记录；系统将自动重试。"
    retryable = True


def described(error: DomainError) -> dict[str, str]:
    """Return a failure as it is stored: its code, and its message in both languages."""
    code = error.problem_code if isinstance(error, ServiceRefused) else error.code
    return {"code": code, "en": error.message("en"), "zh": error.message("zh")}
