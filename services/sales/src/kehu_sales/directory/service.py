"""Keeping and asking the local copy of the company's directory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from kehu_contracts.customer import DepartmentState, EmployeeState, TerritoryState
from kehu_kernel.copies import keep_newest
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_sales.db import among
from kehu_sales.directory.errors import (
    EmployeeHasLeft,
    UnknownDepartment,
    UnknownEmployee,
    UnknownTerritory,
)
from kehu_sales.directory.models import DepartmentRef, EmployeeRef, TerritoryRef


async def record_directory(session: Session, facts: Sequence[Fact]) -> None:
    """Keep what events say of departments, employees and territories; `session` is the worker's."""
    await keep_newest(session, DepartmentRef, facts, DepartmentState, _department)
    await keep_newest(session, EmployeeRef, facts, EmployeeState, _employee)
    await keep_newest(session, TerritoryRef, facts, TerritoryState, _territory)


def _department(event: DepartmentState) -> dict[str, Any]:
    return {"code": event.code, "name": event.name, "parent_id": event.parent_id}


def _employee(event: EmployeeState) -> dict[str, Any]:
    return {
        "code": event.code,
        "name": event.name,
        "department_id": event.department_id,
        "manager_id": event.manager_id,
        "territory_id": event.territory_id,
        "active": event.active,
    }


def _territory(event: TerritoryState) -> dict[str, Any]:
    return {"code": event.code, "name": event.name}


async def require_employee(session: Session, employee_id: UUID) -> EmployeeRef:
    """Return an employee that somebody names. Raises `UnknownEmployee`."""
    employee = await session.get(EmployeeRef, (session.context.tenant_id, employee_id))
    if employee is None:
        raise UnknownEmployee(id=employee_id)
    return employee


@dataclass(frozen=True, slots=True)
class Staff:
    """Employees that commands name, and whether anybody at all is known to work here."""

    named: Mapping[UUID, EmployeeRef]
    anybody: bool

    def require(self, employee_id: UUID | None) -> None:
        """Refuse to give work to somebody who is not employed here, or no more.

        As long as no employee of the tenant is known here, anybody is taken: the directory has not
        arrived, or is not kept with us. Raises `UnknownEmployee`, `EmployeeHasLeft`.
        """
        if employee_id is None or not self.anybody:
            return
        employee = self.named.get(employee_id)
        if employee is None:
            raise UnknownEmployee(id=employee_id)
        if not employee.active:
            raise EmployeeHasLeft(name=employee.name)


async def load_staff(session: Session, employee_ids: Collection[UUID | None]) -> Staff:
    """Return what is known of these employees. One statement, and none if nobody is named."""
    wanted = {given for given in employee_ids if given is not None}
    if not wanted:
        return Staff({}, anybody=False)
    ours = EmployeeRef.tenant_id == session.context.tenant_id
    somebody = select(EmployeeRef.id).where(ours).limit(1).scalar_subquery()
    rows = await session.scalars(
        select(EmployeeRef).where(
            ours, or_(among(EmployeeRef.id, wanted), EmployeeRef.id == somebody)
        )
    )
    return Staff({row.id: row for row in rows}, anybody=bool(rows))


async def require_department(session: Session, department_id: UUID) -> DepartmentRef:
    """Return a department that somebody names. Raises `UnknownDepartment`."""
    department = await session.get(DepartmentRef, (session.context.tenant_id, department_id))
    if department is None:
        raise UnknownDepartment(id=department_id)
    return department


async def require_territory(session: Session, territory_id: UUID) -> TerritoryRef:
    """Return a territory that somebody names. Raises `UnknownTerritory`."""
    territory = await session.get(TerritoryRef, (session.context.tenant_id, territory_id))
    if territory is None:
        raise UnknownTerritory(id=territory_id)
    return territory


async def manager_of(session: Session, employee_id: UUID | None) -> UUID | None:
    """Return who an employee's superior is, as far as that is known here; nobody who has left."""
    if employee_id is None:
        return None
    employee = await session.get(EmployeeRef, (session.context.tenant_id, employee_id))
    if employee is None or employee.manager_id == employee_id or employee.manager_id is None:
        return None
    manager = await session.get(EmployeeRef, (session.context.tenant_id, employee.manager_id))
    return employee.manager_id if manager is None or manager.active else None


async def department_of(session: Session, employee_id: UUID | None) -> UUID | None:
    """Return where an employee works, as far as that is known here."""
    if employee_id is None:
        return None
    employee = await session.get(EmployeeRef, (session.context.tenant_id, employee_id))
    return employee.department_id if employee else None
