"""Reading calendar feeds."""

from sqlalchemy import Select, select

from kehu_kernel.session import Session
from kehu_sales.calendar_feeds.models import CalendarFeed, digest_of
from kehu_sales.calendar_feeds.schemas import FeedFilters

SORT_COLUMNS = {"created_at": CalendarFeed.created_at}


def matching(tenant_id: str, filters: FeedFilters) -> Select[CalendarFeed]:
    """Return the query for the feeds that match all filters."""
    query = select(CalendarFeed).where(CalendarFeed.tenant_id == tenant_id)
    if filters.employee_id is not None:
        query = query.where(CalendarFeed.employee_id == filters.employee_id)
    return query


async def feed_with(session: Session, secret: str) -> CalendarFeed | None:
    """Return the feed that a secret opens, unless it was revoked."""
    feed: CalendarFeed | None = await session.scalar(
        select(CalendarFeed).where(
            CalendarFeed.tenant_id == session.context.tenant_id,
            CalendarFeed.secret_digest == digest_of(secret),
            CalendarFeed.revoked_at.is_(None),
        )
    )
    return feed
