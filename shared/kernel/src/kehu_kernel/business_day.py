"""Business days: the calendar day something happened on, which the user may state afterwards."""

from datetime import date
from http import HTTPStatus

from kehu_kernel.errors import DomainError


class DateInFuture(DomainError):
    """What has happened cannot lie in the future."""

    code = "date-in-future"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The day {on} lies in the future."
    zh = "日期 {on} 不能晚于今天。"


class DateBeforePrevious(DomainError):
    """A step cannot lie before the step it follows."""

    code = "date-before-previous"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The day {on} lies before {previous}, the day of the step before."
    zh = "日期 {on} 早于上一步骤的日期 {previous}。"


class PeriodReversed(DomainError):
    """A period must not end before it starts."""

    code = "period-reversed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The period ends on {end}, before it starts on {start}."
    zh = "期间结束日 {end} 早于开始日 {start}。"


def happened(on: date | None, today: date) -> date:
    """Return the stated day, or today. Raises `DateInFuture`."""
    if on is not None and on > today:
        raise DateInFuture(on=on)
    return on or today


def period(start: date | None, end: date | None) -> None:
    """Raise `PeriodReversed` if a period ends before it starts; None leaves a side open."""
    if start is not None and end is not None and end < start:
        raise PeriodReversed(start=start, end=end)


def follows(on: date, previous: date) -> None:
    """Raise `DateBeforePrevious` if a step lies before the one it follows."""
    if on < previous:
        raise DateBeforePrevious(on=on, previous=previous)
