"""What can be done with an acquaintance."""

from datetime import date
from uuid import UUID

from kehu_customer.acquaintances import events, queries
from kehu_customer.acquaintances.errors import UnknownEmployee
from kehu_customer.acquaintances.models import Acquaintance
from kehu_customer.acquaintances.schemas import (
    AcquaintanceCreate,
    AcquaintanceFilters,
    AcquaintanceUpdate,
)
from kehu_customer.contacts.errors import UnknownContact
from kehu_customer.contacts.models import Contact
from kehu_customer.employees.models import Employee
from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def create_acquaintance(
    session: Session, data: AcquaintanceCreate, *, today: date
) -> Acquaintance:
    """Enter that one of us knows a contact.

    Raises `UnknownEmployee`, `UnknownContact`, `DateInFuture`; the database refuses a second record
    of the same two.
    """
    tenant_id = session.context.tenant_id
    employee = await session.get(Employee, (tenant_id, data.employee_id))
    if employee is None or not employee.active:
        raise UnknownEmployee
    if await session.get(Contact, (tenant_id, data.contact_id)) is None:
        raise UnknownContact
    if data.met_on is not None:
        business_day.happened(data.met_on, today)
    acquaintance = Acquaintance(**data.model_dump(), active=True)
    audit.created(session, acquaintance)
    outbox.add(session, events.created(acquaintance), sequence=acquaintance.version)
    return acquaintance


async def change_acquaintance(
    session: Session,
    acquaintance_id: UUID,
    data: AcquaintanceUpdate,
    *,
    today: date,
    expected_version: int,
) -> Acquaintance:
    """Change how well and how the two know each other, or that it is over.

    Raises `DateInFuture`.
    """
    acquaintance = await require(
        session, Acquaintance, acquaintance_id, lock=True, expected_version=expected_version
    )
    if data.met_on is not None:
        business_day.happened(data.met_on, today)
    for name, value in data.given().items():
        setattr(acquaintance, name, value)
    fields = audit.changed(session, acquaintance, "changed")
    if fields:
        outbox.add(session, events.changed(acquaintance, fields), sequence=acquaintance.version)
    return acquaintance


async def list_acquaintances(
    session: Session, filters: AcquaintanceFilters
) -> tuple[list[Acquaintance], str | None, int | None]:
    """Return one page of those that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Acquaintance.id,
    )
