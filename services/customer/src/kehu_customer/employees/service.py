"""What can be done with an employee."""

from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from kehu_customer.departments.errors import UnknownDepartment
from kehu_customer.departments.models import Department
from kehu_customer.employees import events, queries
from kehu_customer.employees.errors import ManagerCycle, UnknownManager, UnknownTerritory
from kehu_customer.employees.models import Employee
from kehu_customer.employees.schemas import (
    EmployeeCreate,
    EmployeeFilters,
    EmployeeLeaving,
    EmployeeUpdate,
)
from kehu_customer.territories.models import Territory
from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def create_employee(session: Session, data: EmployeeCreate) -> Employee:
    """Enter a new employee, who works here from now on.

    Raises `UnknownDepartment`, `UnknownManager`, `UnknownTerritory`; the database refuses a code or
    login that is taken.
    """
    await _require_place(session, data)
    if data.manager_id is not None:
        await _require_manager(session, data.manager_id)
    employee = Employee(**data.model_dump(), active=True)
    audit.created(session, employee)
    outbox.add(session, events.created(employee), sequence=employee.version)
    return employee


async def change_employee(
    session: Session, employee_id: UUID, data: EmployeeUpdate, *, expected_version: int
) -> Employee:
    """Change an employee's data.

    Raises `EmployeeHasLeft`, `UnknownDepartment`, `UnknownManager`, `UnknownTerritory`,
    `ManagerCycle`; the database refuses a code or login that is taken.
    """
    if data.manager_id is not None:
        await _take_turns(session)
    employee = await require(
        session, Employee, employee_id, lock=True, expected_version=expected_version
    )
    employee.require_active()
    await _require_place(session, data)
    if data.manager_id is not None and data.manager_id != employee.manager_id:
        await _require_manager(session, data.manager_id)
        if employee.id in await queries.managers_of(session, data.manager_id):
            raise ManagerCycle
    for name, value in data.given().items():
        setattr(employee, name, value)
    fields = audit.changed(session, employee, "changed")
    if fields:
        outbox.add(session, events.changed(employee, fields), sequence=employee.version)
    return employee


async def record_employee_leaving(
    session: Session,
    employee_id: UUID,
    data: EmployeeLeaving,
    *,
    today: date,
    expected_version: int | None,
) -> Employee:
    """Record that an employee leaves. Raises what `Employee.leave` raises, `DateInFuture`."""
    employee = await require(
        session, Employee, employee_id, lock=True, expected_version=expected_version
    )
    await session.see_all_rows()  # what the employee looks after may be out of the caller's sight
    customers = await queries.count_customers_of(session, employee_id)
    employee.leave(business_day.happened(data.on, today), data.reason, customers=customers)
    fields = audit.changed(session, employee, "left")
    outbox.add(session, events.changed(employee, fields), sequence=employee.version)
    return employee


async def list_employees(
    session: Session, filters: EmployeeFilters
) -> tuple[list[Employee], str | None, int | None]:
    """Return one page of the employees that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Employee.id,
    )


async def _require_place(session: Session, data: EmployeeCreate | EmployeeUpdate) -> None:
    """Refuse a department or territory that does not exist."""
    tenant_id = session.context.tenant_id
    department, territory = data.department_id, data.territory_id
    if department is not None and await session.get(Department, (tenant_id, department)) is None:
        raise UnknownDepartment
    if territory is not None and await session.get(Territory, (tenant_id, territory)) is None:
        raise UnknownTerritory


async def _require_manager(session: Session, manager_id: UUID) -> None:
    """Refuse a manager who does not work here; nobody leaves while becoming one."""
    key = (session.context.tenant_id, manager_id)
    manager = await session.get(Employee, key, lock="FOR SHARE")
    if manager is None or not manager.active:
        raise UnknownManager


async def _take_turns(session: Session) -> None:
    """Make changes of managers take turns: two at once could close a circle neither sees.

    To be called before any row is locked, or two changes could wait for each other.
    """
    managers = f"managers:{session.context.tenant_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(managers))))
