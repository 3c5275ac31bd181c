"""What can be refused about a household."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class InHouseholdAlready(DomainError):
    """A person belongs to one household at a time."""

    code = "in-household-already"
    status = HTTPStatus.CONFLICT
    en = "The person belongs to a household already and has to leave that one first."
    zh = "此人已属于某个家庭，需先退出。"


class HouseholdHeadTaken(DomainError):
    """A household has one head at most."""

    code = "household-head-taken"
    status = HTTPStatus.CONFLICT
    en = "The household has a head already."
    zh = "该家庭已有户主。"


class NotInHousehold(DomainError):
    """The person does not belong to this household."""

    code = "not-in-household"
    status = HTTPStatus.CONFLICT
    en = "The person does not belong to {name}."
    zh = "此人不属于 {name}。"


class NotAPerson(DomainError):
    """Only persons belong to households, not organisations."""

    code = "not-a-person"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{name} is an organisation; only persons belong to households."
    zh = "{name} 是企业；只有个人才能属于家庭。"
