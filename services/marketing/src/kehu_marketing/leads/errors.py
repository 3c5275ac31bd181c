"""What can be refused about a lead, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

STATUS_ZH = {
    "open": "未处理",
    "converting": "转换中",
    "converted": "已转换",
    "disqualified": "已作废",
}
"""The states of a lead in Chinese."""


class LeadNotOpen(DomainError):
    """The lead is being converted, is converted or disqualified: only an open lead can do this."""

    code = "lead-not-open"
    status = HTTPStatus.CONFLICT
    en = "Lead {number} is {status}; only an open lead can do this."
    zh = "线索 {number} 的状态为 {status}；只有未处理的线索才能执行此操作。"
    zh_words = STATUS_ZH


class LeadNotDisqualified(DomainError):
    """Only a disqualified lead can be opened again."""

    code = "lead-not-disqualified"
    status = HTTPStatus.CONFLICT
    en = "Lead {number} is {status}; only a disqualified lead can be opened again."
    zh = "线索 {number} 的状态为 {status}；只有已作废的线索才能重新打开。"
    zh_words = STATUS_ZH


class CustomerMissing(DomainError):
    """A lead needs a customer: picked, or at least a name."""

    code = "customer-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Pick a customer (customer_id) or type its name (customer_name)."
    zh = "请选择客户（customer_id）或输入客户名称（customer_name）。"


class ContactWithoutCustomer(DomainError):
    """A contact can only be picked together with the customer it belongs to."""

    code = "contact-without-customer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Pick the contact's customer (customer_id) as well."
    zh = "选择联系人时，请同时选择其所属客户（customer_id）。"


class InvalidPhoneNumber(DomainError):
    """No phone number can look like this, with or without the country code of the installation."""

    code = "invalid-phone-number"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "No phone number looks like this. One from outside {region} starts with + and its country."
    zh = "电话号码无效。{region} 以外的号码请以 + 和国家代码开头。"


class InvalidEmailAddress(DomainError):
    """No e-mail address can look like this."""

    code = "invalid-email-address"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "No e-mail address looks like this."
    zh = "电子邮件地址无效。"


class ExternalReferenceTaken(DomainError):
    """A lead with this external reference exists already."""

    code = "external-reference-taken"
    status = HTTPStatus.CONFLICT
    en = "A lead with this external reference exists already."
    zh = "已存在具有该外部引用的线索。"
