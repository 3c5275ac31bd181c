"""The department API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.departments import service
from kehu_customer.departments.errors import (
    DepartmentCodeTaken,
    DepartmentCycle,
    UnknownDepartment,
)
from kehu_customer.departments.models import Department
from kehu_customer.departments.schemas import (
    DepartmentCreate,
    DepartmentFilters,
    DepartmentRead,
    DepartmentUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/departments", "departments")
READ = requires("customer:directory:read")
WRITE = requires("customer:directory:write")


@routes.post(
    "",
    summary="Create a department",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(DepartmentCodeTaken, UnknownDepartment),
)
async def create_department(
    data: DepartmentCreate, session: Session, response: Response
) -> DepartmentRead:
    """Set up a department, at the root or below another one."""
    department = await service.create_department(session, data)
    response.headers["Location"] = f"/v1/departments/{department.id}"
    return _answer(department, response)


@routes.get("", summary="List departments", dependencies=[READ])
async def list_departments(
    session: Session, filters: Annotated[DepartmentFilters, Query()]
) -> Page[DepartmentRead]:
    """Departments that match all filters, a page at a time; `under` gives a whole branch."""
    departments, cursor, count = await service.list_departments(session, filters)
    return Page(
        items=[DepartmentRead.of(department) for department in departments],
        next_cursor=cursor,
        count=count,
    )


@routes.get("/{department_id}", summary="Read a department", dependencies=[READ])
async def read_department(
    department_id: UUID, session: Session, response: Response
) -> DepartmentRead:
    """One department, with its ETag."""
    return _answer(await require(session, Department, department_id), response)


@routes.patch(
    "/{department_id}",
    summary="Rename or move a department",
    dependencies=[WRITE],
    responses=problems(DepartmentCodeTaken, DepartmentCycle, UnknownDepartment),
)
async def change_department(
    department_id: UUID,
    data: DepartmentUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> DepartmentRead:
    """Change code, name or place; a department moves with all departments below it."""
    department = await service.change_department(
        session, department_id, data, expected_version=version
    )
    return _answer(department, response)


def _answer(department: Department, response: Response) -> DepartmentRead:
    set_etag(response, department)
    return DepartmentRead.of(department)
