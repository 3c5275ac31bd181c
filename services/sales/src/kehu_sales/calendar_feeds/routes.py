"""The calendar feed API, and the feed itself."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import OptionalVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.calendar_feeds import service
from kehu_sales.calendar_feeds.errors import NotYourCalendar, WhoseCalendar
from kehu_sales.calendar_feeds.models import CalendarFeed
from kehu_sales.calendar_feeds.schemas import FeedCreate, FeedCreated, FeedFilters, FeedRead
from kehu_sales.directory.errors import EmployeeHasLeft, UnknownEmployee

routes = router("/v1/calendar-feeds", "calendar feeds")
READ = requires("sales:calendar:read")
SUBSCRIBE = requires("sales:calendar:subscribe")


@routes.post(
    "",
    summary="Create a calendar feed",
    status_code=status.HTTP_201_CREATED,
    dependencies=[SUBSCRIBE],
    responses=problems(NotYourCalendar, WhoseCalendar, UnknownEmployee, EmployeeHasLeft),
)
async def create_feed(data: FeedCreate, session: Session, response: Response) -> FeedCreated:
    """Make a secret address for calendar programs. It is told this once; revoke it when lost."""
    feed, path = await service.create_feed(session, data)
    response.headers["Location"] = f"/v1/calendar-feeds/{feed.id}"
    set_etag(response, feed)
    return FeedCreated.of(feed, path=path)


@routes.get("", summary="List calendar feeds", dependencies=[READ])
async def list_feeds(session: Session, filters: Annotated[FeedFilters, Query()]) -> Page[FeedRead]:
    """Feeds that match all filters, without their secrets, a page at a time."""
    feeds, cursor, count = await service.list_feeds(session, filters)
    return Page(items=[FeedRead.of(feed) for feed in feeds], next_cursor=cursor, count=count)


@routes.get("/{feed_id}", summary="Read a calendar feed", dependencies=[READ])
async def read_feed(feed_id: UUID, session: Session, response: Response) -> FeedRead:
    """One feed without its secret, and its ETag."""
    feed = await require(session, CalendarFeed, feed_id)
    set_etag(response, feed)
    return FeedRead.of(feed)


@routes.post(
    "/{feed_id}/revoke",
    summary="Revoke a calendar feed",
    dependencies=[SUBSCRIBE],
    responses=problems(NotYourCalendar),
)
async def revoke_feed(
    feed_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> FeedRead:
    """Close the address for ever: programs that subscribed to it see nothing more."""
    feed = await service.revoke_feed(session, feed_id, expected_version=version)
    set_etag(response, feed)
    return FeedRead.of(feed)
