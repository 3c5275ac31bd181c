"""What can be refused about the calendar, in business words."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from kehu_kernel.errors import DomainError


class CalendarClash(DomainError):
    """The person is busy at that time, and the caller asked to be refused then."""

    code = "calendar-clash"
    status = HTTPStatus.CONFLICT
    en = "At that time there is already: {titles}."
    zh = "该时间已有安排：{titles}。"
    zh_words: ClassVar[Mapping[str, str]] = {"busy": "同事已有其他安排", "on leave": "休假"}


class CalendarTooFull(DomainError):
    """There is more in the period than one answer holds; nothing is left out silently."""

    code = "calendar-too-full"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The period holds more than {limit} entries; ask for fewer days, or for one person."
    zh = "该期间的日程超过 {limit} 条，请缩短期间或指定人员。"


class PeriodTooLong(DomainError):
    """A calendar is read for some weeks at a time."""

    code = "period-too-long"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A calendar is read for at most {days} days at a time."
    zh = "日历每次最多查询 {days} 天。"
