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
    """Employees and departments that commands name, and whether anybody is known to work here."""

    named: Mapping[UUID, EmployeeRef]
    anybody: bool
    departments: frozenset[UUID] = frozenset()

    def require(self, employee_id: UUID | None) -> None:
        """Refuse to give work to somebody who is not employed here, or no more.

        As long as no employee of the tenant is known here, anybody is taken: the directory has not
        arrived, or is not kept with us. Raises `UnknownEmployee`, `EmployeeHasLeft`.
        """
        self.require_known(employee_id)
        employee = self.named.get(employee_id) if employee_id else None
        if employee is not None and not employee.active:
            raise EmployeeHasLeft(name=employee.name)

    def require_known(self, employee_id: UUID | None) -> None:
        """Refuse to say something of a person who never worked here; a leaver is taken.

        Raises `UnknownEmployee`.
        """
        if employee_id is not None and self.anybody and employee_id not in self.named:
            raise UnknownEmployee(id=employee_id)

    def department_of(self, employee_id: UUID | None) -> UUID | None:
        """Return where one of those named works, as far as that is known here."""
        employee = self.named.get(employee_id) if employee_id else None
        return employee.department_id if employee else None

    def require_department(self, department_id: UUID | None) -> None:
        """Refuse a department that is none of ours; any is taken as long as anybody is.

        Raises `UnknownDepartment`.
        """
        if department_id is None or not self.anybody:
            return
        if department_id not in self.departments:
            raise UnknownDepartment(id=department_id)


async def load_staff(
    session: Session,
    employee_ids: Collection[UUID | None],
    department_ids: Collection[UUID | None] = (),
) -> Staff:
    """Return what is known of these: a statement for people, one for departments if named."""
    wanted = {given for given in employee_ids if given is not None}
    theirs = {given for given in department_ids if given is not None}
    if not wanted and not theirs:
        return Staff({}, anybody=False)
    ours = EmployeeRef.tenant_id == session.context.tenant_id
    somebody = select(EmployeeRef.id).where(ours).limit(1).scalar_subquery()
    rows = await session.scalars(
        select(EmployeeRef).where(
            ours, or_(among(EmployeeRef.id, wanted), EmployeeRef.id == somebody)
        )
    )
    known: Sequence[UUID] = ()
    if theirs and rows:
        known = await session.scalars(
            select(DepartmentRef.id).where(
                DepartmentRef.tenant_id == session.context.tenant_id,
                among(DepartmentRef.id, theirs),
            )
        )
    return Staff({row.id: row for row in rows}, anybody=bool(rows), departments=frozenset(known))


async def require_staff(
    session: Session, employee_ids: Collection[UUID | None], department_id: UUID | None = None
) -> None:
    """Refuse whoever does not work here, and a department that is none of ours.

    Raises what `Staff.require` and `Staff.require_department` raise.
    """
    staff = await load_staff(session, employee_ids, [department_id])
    for employee_id in employee_ids:
        staff.require(employee_id)
    staff.require_department(department_id)


async def require_newly_named(
    session: Session, record: object, given: Mapping[str, Any], *people: str
) -> None:
    """Refuse as `require_staff` does whom a change names in these fields, and its department.

    Who was named before may stay: also somebody who has left since.
    """
    employees: list[UUID | None] = []
    for name in people:
        if name in given:
            before, after = _each(getattr(record, name)), _each(given[name])
            employees += [one for one in after if one not in before]
    department_id = given.get("department_id")
    if department_id == getattr(record, "department_id", None):
        department_id = None
    await require_staff(session, employees, department_id)


def _each(named: UUID | Sequence[UUID] | None) -> Sequence[UUID | None]:
    return [named] if named is None or isinstance(named, UUID) else named


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
