"""The calendar API."""

from typing import Annotated

from fastapi import Query

from kehu_kernel import business_day
from kehu_kernel.auth import requires
from kehu_kernel.business_day import PeriodReversed
from kehu_kernel.http import Session, router
from kehu_kernel.problems import problems
from kehu_sales.calendar.entries import entries_between
from kehu_sales.calendar.errors import CalendarTooFull, PeriodTooLong
from kehu_sales.calendar.schemas import CalendarFilters, CalendarRead, EntryRead
from kehu_sales.moments import FIRST_YEAR, LAST_YEAR
from kehu_sales.zone import Zone

routes = router("/v1/calendar", "calendar")
MOST_DAYS = 92
MOST_ENTRIES = 2000


@routes.get(
    "",
    summary="Read the calendar",
    dependencies=[requires("sales:calendar:read")],
    responses=problems(PeriodReversed, PeriodTooLong, CalendarTooFull),
)
async def read_calendar(
    session: Session, zone: Zone, filters: Annotated[CalendarFilters, Query()]
) -> CalendarRead:
    """Visits, tasks, activities and leave of a person, a department or all, for some weeks.

    Tasks that repeat also show the days on which they are expected.
    """
    first, last = filters.from_, filters.to
    business_day.period(first, last)
    if (last - first).days >= MOST_DAYS:
        raise PeriodTooLong(days=MOST_DAYS)
    if not FIRST_YEAR < first.year < LAST_YEAR:
        return CalendarRead(items=[])  # nothing can be planned there
    found = await entries_between(
        session,
        first,
        last,
        employee_id=filters.employee_id,
        department_id=filters.department_id,
        zone=zone,
        limit=MOST_ENTRIES,
    )
    return CalendarRead(items=[EntryRead.model_validate(one) for one in found])
