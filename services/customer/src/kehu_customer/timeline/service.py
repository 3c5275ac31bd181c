"""What can be asked of a timeline; it is written by `fold` alone."""

from uuid import UUID

from kehu_customer.customers.models import Customer
from kehu_customer.timeline import queries
from kehu_customer.timeline.investment import added, added_by
from kehu_customer.timeline.models import TimelineEntry
from kehu_customer.timeline.schemas import (
    Days,
    EntryRead,
    InvestmentRead,
    SpentByEmployee,
    SpentOnChannel,
    TimelineFilters,
)
from kehu_customer.timeline.telling import NEEDS_SCOPE
from kehu_kernel import business_day
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def list_entries(
    session: Session, customer_id: UUID, filters: TimelineFilters
) -> tuple[list[TimelineEntry], str | None, int | None]:
    """Return one page of a customer's entries, the next cursor, and the count if asked.

    Entries about what the caller may not see are left out. Raises `NotFound`, `PeriodReversed`.
    """
    business_day.period(filters.happened_from, filters.happened_to)
    await require(session, Customer, customer_id)
    scopes = session.context.scopes
    withheld = [
        kind for kind, scope in NEEDS_SCOPE.items() if scopes is not None and scope not in scopes
    ]
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, customer_id, filters, withheld),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=TimelineEntry.id,
    )


async def investment_in(session: Session, customer_id: UUID, days: Days) -> InvestmentRead:
    """Return what contacts with a customer took on these days.

    Raises `NotFound`, `PeriodReversed`.
    """
    business_day.period(days.happened_from, days.happened_to)
    await require(session, Customer, customer_id)
    parts = await queries.invested(session, customer_id, days)
    last = await queries.last_contact(session, customer_id)
    return InvestmentRead(
        **added(parts),
        first_contact_on=min((part.first_on for part in parts), default=None),
        last_contact=None if last is None else EntryRead.of(last),
        by_channel=[SpentOnChannel(**part) for part in added_by("channel", parts)],
        by_employee=[SpentByEmployee(**part) for part in added_by("employee_id", parts)],
    )
