"""What can be done with an activity: it is recorded, and read."""

from datetime import date

from kehu_kernel import audit, business_day, outbox
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.activities import events, queries
from kehu_sales.activities.models import Activity
from kehu_sales.activities.schemas import ActivityCreate, ActivityFilters
from kehu_sales.opportunities.links import link


async def record_activity(session: Session, data: ActivityCreate, *, today: date) -> Activity:
    """Record a contact, in the stage its opportunity is in now.

    Raises `DateInFuture`, or what `link` raises.
    """
    subject = await link(session, data.opportunity_id, data.customer_id)
    activity = Activity(
        kind=data.kind,
        topic=data.topic,
        content=data.content,
        opportunity_id=data.opportunity_id,
        stage_code=subject.stage_code,
        customer_id=subject.customer_id,
        employee_id=data.employee_id or session.context.employee_id,
        occurred_on=business_day.happened(data.on, today),
        place=data.place,
        minutes=data.minutes,
        cost=data.cost and data.cost.amount,
        currency=data.cost and data.cost.currency,
    )
    keep_activity(session, activity)
    return activity


def keep_activity(session: Session, activity: Activity) -> None:
    """Keep a new activity, and tell of it."""
    audit.created(session, activity)
    outbox.add(session, events.recorded(activity), sequence=activity.version)


async def list_activities(
    session: Session, filters: ActivityFilters
) -> tuple[list[Activity], str | None, int | None]:
    """Return one page of the activities that match, the next cursor, and the count if asked.

    Raises `PeriodReversed`.
    """
    business_day.period(filters.occurred_from, filters.occurred_to)
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Activity.id,
    )
