"""Moments on the wire and their order: what happens at a time of day, not only on a day."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

from kehu_kernel.errors import DomainError
from kehu_kernel.problems import problem_response

FIRST_YEAR, LAST_YEAR = 1990, 2199
"""Nobody plans outside of them; days can be cut in every time zone within."""


class TimeInFuture(DomainError):
    """What has happened cannot lie in the future."""

    code = "time-in-future"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The time {at} lies in the future."
    zh = "时间 {at} 不能晚于现在。"


class OutOfOurTimes(DomainError):
    """Nothing is planned, and nothing has happened, so far away."""

    code = "out-of-our-times"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The time {at} is too far away."
    zh = "时间 {at} 超出可用范围。"


class TimesReversed(DomainError):
    """Something must end after it starts."""

    code = "times-reversed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "It ends at {end}, not after it starts at {start}."
    zh = "结束时间 {end} 不晚于开始时间 {start}。"


def _written_out(value: object) -> object:
    if isinstance(value, str) and "T" in value.upper():
        return value
    raise PydanticCustomError("datetime_parsing", "Input should be a moment with a time zone")


def _in_utc(moment: datetime) -> datetime:
    if not FIRST_YEAR < moment.year < LAST_YEAR:
        raise OutOfOurTimes(at=moment.isoformat())
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]
"""A moment with its time zone, as RFC 3339 writes it. Raises `OutOfOurTimes`, as reading it."""


TIMES = (TimeInFuture, TimesReversed)
"""Refusals that tell moments, which users read in their own time zone."""


async def tell_in_our_zone(request: Request, error: Exception) -> Response:
    """Answer one of `TIMES` with its moments as clocks of the time zone show them."""
    assert isinstance(error, TIMES)  # noqa: S101 - registered for these types only
    zone = ZoneInfo(request.app.state.settings.time_zone)
    told: dict[str, Any] = {
        name: at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
        for name, at in error.facts.items()
        if isinstance(at, datetime)
    }
    return problem_response(request, type(error)(**told))


def happened_at(at: datetime | None, now: datetime) -> datetime:
    """Return the stated moment, or now. Raises `TimeInFuture`."""
    if at is not None and at > now:
        raise TimeInFuture(at=at)
    return at or now


def in_order(start: datetime | None, end: datetime | None) -> None:
    """Raise `TimesReversed` unless something ends after it starts; None leaves a side open."""
    if start is not None and end is not None and end <= start:
        raise TimesReversed(start=start, end=end)
