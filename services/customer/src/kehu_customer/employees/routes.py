"""The employee API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.departments.errors import UnknownDepartment
from kehu_customer.employees import service
from kehu_customer.employees.errors import (
    EmployeeCodeTaken,
    EmployeeHasLeft,
    EmployeeOwnsCustomers,
    LoginTaken,
    ManagerCycle,
    UnknownManager,
    UnknownTerritory,
)
from kehu_customer.employees.models import Employee
from kehu_customer.employees.schemas import (
    EmployeeCreate,
    EmployeeFilters,
    EmployeeLeaving,
    EmployeeRead,
    EmployeeUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/employees", "employees")
READ = requires("customer:directory:read")
WRITE = requires("customer:directory:write")


@routes.post(
    "",
    summary="Create an employee",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        EmployeeCodeTaken, LoginTaken, UnknownDepartment, UnknownManager, UnknownTerritory
    ),
)
async def create_employee(
    data: EmployeeCreate, session: Session, response: Response
) -> EmployeeRead:
    """Enter one of our own people, in a department."""
    employee = await service.create_employee(session, data)
    response.headers["Location"] = f"/v1/employees/{employee.id}"
    return _answer(employee, response)


@routes.get("", summary="List employees", dependencies=[READ])
async def list_employees(
    session: Session, filters: Annotated[EmployeeFilters, Query()]
) -> Page[EmployeeRead]:
    """Employees that match all filters, a page at a time; those who left included."""
    employees, cursor, count = await service.list_employees(session, filters)
    return Page(
        items=[EmployeeRead.of(employee) for employee in employees],
        next_cursor=cursor,
        count=count,
    )


@routes.get("/{employee_id}", summary="Read an employee", dependencies=[READ])
async def read_employee(employee_id: UUID, session: Session, response: Response) -> EmployeeRead:
    """One employee, with the ETag."""
    return _answer(await require(session, Employee, employee_id), response)


@routes.patch(
    "/{employee_id}",
    summary="Change an employee",
    dependencies=[WRITE],
    responses=problems(
        EmployeeHasLeft,
        EmployeeCodeTaken,
        LoginTaken,
        ManagerCycle,
        UnknownDepartment,
        UnknownManager,
        UnknownTerritory,
    ),
)
async def change_employee(
    employee_id: UUID,
    data: EmployeeUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> EmployeeRead:
    """Change data of an employee; fields left out stay. Leaving has its own command."""
    employee = await service.change_employee(session, employee_id, data, expected_version=version)
    return _answer(employee, response)


@routes.post(
    "/{employee_id}/leave",
    summary="Record that an employee leaves",
    dependencies=[WRITE],
    responses=problems(EmployeeHasLeft, EmployeeOwnsCustomers, DateInFuture),
)
async def record_employee_leaving(
    employee_id: UUID,
    data: EmployeeLeaving,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> EmployeeRead:
    """End the employment with a reason. Customers must be handed over before."""
    employee = await service.record_employee_leaving(
        session, employee_id, data, today=today, expected_version=version
    )
    return _answer(employee, response)


def _answer(employee: Employee, response: Response) -> EmployeeRead:
    set_etag(response, employee)
    return EmployeeRead.of(employee)
