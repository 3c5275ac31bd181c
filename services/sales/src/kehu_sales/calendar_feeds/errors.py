"""What can be refused about a calendar feed, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class NotYourCalendar(DomainError):
    """An employee has addresses made of the own calendar only."""

    code = "not-your-calendar"
    status = HTTPStatus.FORBIDDEN
    en = "You can have an address made, or revoked, of your own calendar only."
    zh = "只能创建或撤销自己日历的订阅地址。"


class WhoseCalendar(DomainError):
    """A caller who is no employee has to say whose calendar it is."""

    code = "whose-calendar"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Say whose calendar it is: you are no employee."
    zh = "当前用户不是员工，请指定日历所属员工。"
