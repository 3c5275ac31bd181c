"""What can be refused about a contact."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class ContactReferenceTaken(DomainError):
    """A contact with this external reference exists already."""

    code = "contact-reference-taken"
    status = HTTPStatus.CONFLICT
    en = "A contact with this external reference exists already."
    zh = "已存在具有该外部引用的联系人。"


class UnknownCustomer(DomainError):
    """The customer does not exist."""

    code = "unknown-customer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The customer does not exist."
    zh = "客户不存在。"


class UnknownContact(DomainError):
    """The contact does not exist."""

    code = "unknown-contact"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The contact does not exist."
    zh = "联系人不存在。"


class AlreadyAtCustomer(DomainError):
    """The person is with this customer already; there is nowhere to move."""

    code = "already-at-customer"
    status = HTTPStatus.CONFLICT
    en = "{name} is with this customer already."
    zh = "{name} 已在该客户任职。"


class ContactHasLeft(DomainError):
    """The person has left the customer: move the contact to the customer where it is now."""

    code = "contact-has-left"
    status = HTTPStatus.CONFLICT
    en = "{name} has left the customer. Move the contact to the customer where the person is now."
    zh = "{name} 已离开该客户。请将联系人调动到其目前任职的客户。"


class PrimaryContactNeeded(DomainError):
    """The primary contact can only be replaced: make another contact primary instead."""

    code = "primary-contact-needed"
    status = HTTPStatus.CONFLICT
    en = "{name} is the primary contact. Make another contact primary instead."
    zh = "{name} 是主要联系人。请改为将另一位联系人设为主要联系人。"


class PrimaryMustBeActive(DomainError):
    """A contact who is no longer reached cannot be the primary one."""

    code = "primary-must-be-active"
    status = HTTPStatus.CONFLICT
    en = "{name} is not active and cannot be the primary contact."
    zh = "{name} 已停用，不能作为主要联系人。"
