"""Reading saved views: one's own, and those that others share with one."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select

from kehu_customer.employees.models import Employee
from kehu_customer.saved_views.models import Audience, DefaultView, SavedView
from kehu_customer.saved_views.schemas import SavedViewFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"name": SavedView.name, "created_at": SavedView.created_at}


async def department_of_caller(session: Session) -> UUID | None:
    """Return the department of the employee who calls; None for others."""
    context = session.context
    if context.employee_id is None:
        return None
    employee = await session.get(Employee, (context.tenant_id, context.employee_id))
    return employee.department_id if employee else None


def usable(session: Session, department_id: UUID | None) -> Select[SavedView]:
    """Return the query for the views that the caller may use."""
    shared: list[ColumnElement[bool]] = [
        SavedView.made_by == session.context.actor,
        SavedView.audience == Audience.ALL,
    ]
    if department_id is not None:
        shared.append(SavedView.department_id == department_id)
    return select(SavedView).where(
        SavedView.tenant_id == session.context.tenant_id, ~SavedView.deleted, or_(*shared)
    )


def matching(
    session: Session, department_id: UUID | None, filters: SavedViewFilters
) -> Select[SavedView]:
    """Return the query for the usable views that match all filters."""
    query = usable(session, department_id)
    if filters.audience is not None:
        query = query.where(SavedView.audience == filters.audience)
    if filters.mine is not None:
        mine = SavedView.made_by == session.context.actor
        query = query.where(mine if filters.mine else ~mine)
    return query


async def default_of_caller(session: Session) -> DefaultView:
    """Return with which view the caller's list begins; the plain list, as version 0."""
    context = session.context
    query = select(DefaultView).where(
        DefaultView.tenant_id == context.tenant_id, DefaultView.subject == context.actor
    )
    return await session.scalar(query) or DefaultView(
        version=0, subject=context.actor, view_id=None
    )
