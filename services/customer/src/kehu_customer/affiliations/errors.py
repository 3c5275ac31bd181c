"""What can be refused about an affiliation."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class AffiliationsOverlap(DomainError):
    """At one time a person has one affiliation with one customer, not two."""

    code = "affiliations-overlap"
    status = HTTPStatus.CONFLICT
    en = "The person is affiliated with this customer at that time already."
    zh = "此人在该时间段内已与该客户有任职关系。"


class AffiliationHasEnded(DomainError):
    """The affiliation is history: it is kept, but not changed any more."""

    code = "affiliation-has-ended"
    status = HTTPStatus.CONFLICT
    en = "The affiliation ended on {on}; it is kept but cannot be changed."
    zh = "该任职关系已于 {on} 结束；记录保留，但不能再修改。"


class MainAffiliation(DomainError):
    """The main affiliation changes with the contact: change, move or leave the contact instead."""

    code = "main-affiliation"
    status = HTTPStatus.CONFLICT
    en = "This is the contact's main affiliation. Change, move or leave the contact instead."
    zh = "这是联系人的主要任职关系。请改为修改、调动或离职该联系人。"
