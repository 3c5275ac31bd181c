"""What can be refused about consents."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class OneSubjectNeeded(DomainError):
    """A consent is that of one customer or of one contact."""

    code = "one-subject-needed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name either a customer or a contact."
    zh = "请指定一个客户或一个联系人，二者只能选其一。"


class UnknownSubject(DomainError):
    """No such customer or contact is on record."""

    code = "unknown-subject"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no such customer or contact."
    zh = "该客户或联系人不存在。"


class SubjectIsOrganisation(DomainError):
    """Only persons consent: an organisation's contacts do."""

    code = "subject-is-organisation"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{name} is an organisation: record the consent of its contact."
    zh = "{name} 是机构，请登记其联系人的同意。"


class ConsentInFuture(DomainError):
    """Nobody has consented yet at a time to come."""

    code = "consent-in-future"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The time {at} lies in the future."
    zh = "时间 {at} 不能晚于现在。"


class ProofMissing(DomainError):
    """A consent counts only if it can be proven (PIPL art. 14, GDPR art. 7)."""

    code = "proof-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A consent needs a proof: a text, or the reference of a document."
    zh = "登记同意须提供证明：文字说明或文件编号。"


class ExpiryMisplaced(DomainError):
    """Only what was given expires, and not before it was given."""

    code = "expiry-misplaced"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Only a consent that was given expires, and not before it was given."
    zh = "只有已给予的同意才有到期日，且不得早于给予日。"
