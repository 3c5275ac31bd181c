"""What can be done with a calendar feed."""

from uuid import UUID

from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.calendar_feeds import queries
from kehu_sales.calendar_feeds.errors import NotYourCalendar, WhoseCalendar
from kehu_sales.calendar_feeds.models import SEPARATOR, CalendarFeed, digest_of, new_secret
from kehu_sales.calendar_feeds.schemas import FeedCreate, FeedFilters
from kehu_sales.directory.service import require_staff


async def create_feed(session: Session, data: FeedCreate) -> tuple[CalendarFeed, str]:
    """Make a secret address; return the feed and the address, which is kept nowhere.

    Raises `NotYourCalendar`, `WhoseCalendar`, or what `require_staff` raises.
    """
    mine = session.context.employee_id
    employee_id = data.employee_id or mine
    if employee_id is None:
        raise WhoseCalendar
    _require_own(session, employee_id)
    await require_staff(session, [data.employee_id])
    secret = new_secret()
    feed = CalendarFeed(employee_id=employee_id, name=data.name, secret_digest=digest_of(secret))
    audit.created(session, feed)
    return feed, f"/calendar-feeds/{session.context.tenant_id}{SEPARATOR}{secret}.ics"


async def revoke_feed(
    session: Session, feed_id: UUID, *, expected_version: int | None
) -> CalendarFeed:
    """Close the address for ever. Raises `NotYourCalendar`."""
    feed = await require(
        session, CalendarFeed, feed_id, lock=True, expected_version=expected_version
    )
    _require_own(session, feed.employee_id)
    feed.revoke(session.context.now)
    audit.changed(session, feed, "revoked")
    return feed


async def list_feeds(
    session: Session, filters: FeedFilters
) -> tuple[list[CalendarFeed], str | None, int | None]:
    """Return one page of the feeds that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=CalendarFeed.id,
    )


def _require_own(session: Session, employee_id: UUID) -> None:
    """Raise `NotYourCalendar` if the caller is an employee, and another one."""
    if session.context.employee_id not in (None, employee_id):
        raise NotYourCalendar
