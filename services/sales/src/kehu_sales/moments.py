"""Moments on the wire and their order: what happens at a time of day, not only on a day."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

from kehu_kernel.errors import DomainError
from kehu_kernel.problems import problem_response

FIRST_YEAR, LAST_YEAR = 1990, 2199
"""Nobody plans outside of them; days can be cut in every time zone within."""


class MomentRefused(DomainError):
    """Base of what is refused because of moments: users read them in their own time zone."""

    def told_in(self, zone: str) -> Self:
        """Return the same refusal, its moments as clocks of the time zone show them."""
        clock = ZoneInfo(zone)
        told: dict[str, Any] = {
            name: at.astimezone(clock).isoformat(sep=" ", timespec="seconds")
            for name, at in self.facts.items()
            if isinstance(at, datetime)
        }
        return type(self)(**told)


async def tell_in_our_zone(request: Request, error: Exception) -> Response:
    """Answer with the problem document of a `MomentRefused`."""
    assert isinstance(error, MomentRefused)  # noqa: S101 - registered for this type only
    return problem_response(request, error.told_in(request.app.state.settings.time_zone))


class TimeInFuture(MomentRefused):
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


class TimesReversed(MomentRefused):
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


def happened_at(at: datetime | None, now: datetime) -> datetime:
    """Return the stated moment, or now. Raises `TimeInFuture`."""
    if at is not None and at > now:
        raise TimeInFuture(at=at)
    return at or now


def in_order(start: datetime | None, end: datetime | None) -> None:
    """Raise `TimesReversed` unless something ends after it starts; None leaves a side open."""
    if start is not None and end is not None and end <= start:
        raise TimesReversed(start=start, end=end)
