"""The feed: an employee's calendar as iCalendar (RFC 5545).

Calendar programs cannot send a bearer token, so the address itself is the secret, and the route
lies beside the API. It names the tenant, so that row-level security holds as for everybody.
"""

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event
from starlette.requests import Request
from starlette.responses import Response

from kehu_kernel import clock
from kehu_kernel.auth import TENANT
from kehu_kernel.context import Context
from kehu_sales.calendar.entries import Entry, entries_between
from kehu_sales.calendar_feeds.models import SEPARATOR
from kehu_sales.calendar_feeds.queries import feed_with

BACK, AHEAD = timedelta(days=90), timedelta(days=365)
MOST_ENTRIES = 5000
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
TENTATIVE = frozenset({"planned", "in_approval"})


async def serve_feed(request: Request) -> Response:
    """Answer with the calendar that the secret opens; 404 for any other address."""
    address = str(request.path_params["address"]).removesuffix(".ics")
    tenant, _, secret = address.partition(SEPARATOR)
    unknown = Response("no such calendar\n", 404, media_type="text/plain")
    if not secret or not TENANT.fullmatch(tenant):
        return unknown
    zone: str = request.app.state.settings.time_zone
    context = Context(tenant_id=tenant, actor="calendar-feed")
    async with request.app.state.database.session(context, read_only=True) as session:
        feed = await feed_with(session, secret)
        if feed is None:
            return unknown
        today = clock.today(context.now, zone)
        entries = await entries_between(
            session,
            today - BACK,
            today + AHEAD,
            employee_id=feed.employee_id,
            department_id=None,
            zone=zone,
            limit=MOST_ENTRIES,
        )
    headers = {"Cache-Control": "private, max-age=300", "Referrer-Policy": "no-referrer"}
    plans = [one for one in entries if one.kind in ("visit", "task")]
    body = calendar_of(feed.name, plans, zone)
    return Response(body, headers=headers, media_type="text/calendar; charset=utf-8")


def calendar_of(name: str, entries: list[Entry], zone: str) -> bytes:
    """Return the entries as an iCalendar document, times in the tenant's time zone."""
    calendar = Calendar()
    calendar.add("prodid", "-//Kehu//Calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", _clean(name))
    for entry in entries:
        calendar.add_component(_event(entry, zone))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(entry: Entry, zone: str) -> Event:
    event = Event()
    event.add("uid", _uid(entry, zone))
    event.add("dtstamp", entry.updated_at)
    event.add("sequence", entry.version - 1)
    title = " · ".join(one for one in (entry.title, entry.customer_name) if one)
    event.add("summary", _clean(title))
    if entry.starts_at is not None and entry.ends_at is not None:
        event.add("dtstart", entry.starts_at.astimezone(ZoneInfo(zone)))
        event.add("dtend", entry.ends_at.astimezone(ZoneInfo(zone)))
    elif entry.on is not None:
        event.add("dtstart", entry.on)
        event.add("dtend", entry.on + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    if entry.place:
        event.add("location", _clean(entry.place))
    event.add("status", "TENTATIVE" if entry.status in TENTATIVE else "CONFIRMED")
    return event


def _uid(entry: Entry, zone: str) -> str:
    """Return what stays the same however often the entry changes; a repeat has its day besides."""
    uid = f"{entry.kind}-{entry.id}"
    if entry.expected:
        uid += f"-{_day(entry, zone)}"
    return f"{uid}@kehu"


def _day(entry: Entry, zone: str) -> date | None:
    return entry.on if entry.starts_at is None else clock.today(entry.starts_at, zone)


def _clean(text: str) -> str:
    """Return a text without characters that iCalendar does not allow; the library escapes."""
    return CONTROL.sub(" ", text)
