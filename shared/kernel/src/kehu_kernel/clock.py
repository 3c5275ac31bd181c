"""The clock: every `now` in the system comes from here, aware and in UTC."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the current instant as an aware UTC datetime."""
    return datetime.now(UTC)


def today(at: datetime, zone: str) -> date:
    """Return the calendar day that the instant `at` belongs to in the tenant's time zone."""
    return at.astimezone(ZoneInfo(zone)).date()
