"""What can be refused about erasing a person."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from kehu_kernel.errors import DomainError

OBJECTION_EN = {
    "customer_current": "the relation with the customer has not ended",
    "credit_open": "credit is in use",
    "opportunity_open": "an opportunity is open",
    "request_open": "a service request is open",
    "contact_active": "the contact is active",
}
OBJECTION_ZH = {
    "customer_current": "与该客户的业务关系尚未终止",
    "credit_open": "尚有占用中的信用额度",
    "opportunity_open": "尚有未结束的商机",
    "request_open": "尚有未关闭的服务请求",
    "contact_active": "该联系人仍在使用中",
}


class OnePersonNeeded(DomainError):
    """An erasure is of one customer or of one contact."""

    code = "one-person-needed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name either a customer or a contact."
    zh = "请指定一个客户或一个联系人，二者只能选其一。"


class UnknownPerson(DomainError):
    """No such customer or contact is on record."""

    code = "unknown-person"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no such customer or contact."
    zh = "该客户或联系人不存在。"


class OrganisationNotErased(DomainError):
    """An organisation has no right to be forgotten; its contacts have."""

    code = "organisation-not-erased"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{name} is an organisation: erase its contacts one by one."
    zh = "{name} 是机构，请逐一删除其联系人的个人信息。"


class AlreadyErased(DomainError):
    """The person is erased, or is being erased."""

    code = "already-erased"
    status = HTTPStatus.CONFLICT
    en = "This person was erased already: see erasure {erasure_id}."
    zh = "该人员的个人信息已删除或正在删除，见删除单 {erasure_id}。"


class ErasureRefused(DomainError):
    """The person is still needed; `objections` lists every reason."""

    code = "erasure-refused"
    status = HTTPStatus.CONFLICT
    en = "The person cannot be erased yet: {objections}."
    zh = "尚不能删除该人员的个人信息：{objections}。"
    zh_words: ClassVar[Mapping[str, str]] = {
        OBJECTION_EN[code]: words for code, words in OBJECTION_ZH.items()
    }
