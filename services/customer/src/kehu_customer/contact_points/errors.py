"""What can be refused about a contact point."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class InvalidPhoneNumber(DomainError):
    """No phone number can look like this, with or without the tenant's country code."""

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


class AddressPartsMisplaced(DomainError):
    """Only a postal address has a country, a province, a city, a district and a post code."""

    code = "address-parts-misplaced"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Only a postal address has a country, a province, a city, a district and a post code."
    zh = "只有邮政地址才有国家、省份、城市、区县和邮政编码。"


class OnePartyNeeded(DomainError):
    """A contact point is that of a customer or of a contact, not of both and not of none."""

    code = "one-party-needed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name either a customer or a contact."
    zh = "请指定客户或联系人中的一个。"


class ContactPointTaken(DomainError):
    """The customer or contact has this number or address already, written in whatever way."""

    code = "contact-point-taken"
    status = HTTPStatus.CONFLICT
    en = "This number or address is on record for them already."
    zh = "该号码或地址已登记。"


class PrimaryPointNeeded(DomainError):
    """The primary number or address of its kind can only be replaced: make another one primary."""

    code = "primary-point-needed"
    status = HTTPStatus.CONFLICT
    en = "This is the primary one of its kind. Make another one primary instead."
    zh = "这是该类型的主要联系方式。请改为将另一个设为主要联系方式。"


class PrimaryPointMustBeActive(DomainError):
    """A number or address that is no longer used cannot be the primary one."""

    code = "primary-point-must-be-active"
    status = HTTPStatus.CONFLICT
    en = "This number or address is not used any more and cannot be the primary one."
    zh = "该号码或地址已停用，不能作为主要联系方式。"


class ContactPointNotUsed(DomainError):
    """A number or address that is no longer used cannot be verified."""

    code = "contact-point-not-used"
    status = HTTPStatus.CONFLICT
    en = "This number or address is not used any more: nobody can have verified it."
    zh = "该号码或地址已停用，无法验证。"
