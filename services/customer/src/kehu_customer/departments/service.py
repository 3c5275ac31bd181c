"""What can be done with a department. Moving one moves the whole branch below it."""

from uuid import UUID

from sqlalchemy import func, select

from kehu_customer.departments import events, queries
from kehu_customer.departments.errors import UnknownDepartment
from kehu_customer.departments.models import Department
from kehu_customer.departments.schemas import (
    DepartmentCreate,
    DepartmentFilters,
    DepartmentUpdate,
)
from kehu_kernel import audit, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def create_department(session: Session, data: DepartmentCreate) -> Department:
    """Set up a department at the root or below another one.

    Raises `UnknownDepartment`; the database refuses a code that is taken.
    """
    await _take_turns(session)
    department = Department(id=ids.new_id(), code=data.code, name=data.name)
    department.place(await _parent(session, data.parent_id))
    audit.created(session, department)
    outbox.add(session, events.created(department), sequence=department.version)
    return department


async def change_department(
    session: Session, department_id: UUID, data: DepartmentUpdate, *, expected_version: int
) -> Department:
    """Rename or move a department; every department below a moved one gets its new path.

    Raises `UnknownDepartment`, `DepartmentCycle`; the database refuses a code that is taken.
    """
    given = data.given()
    if "parent_id" in given:
        await _take_turns(session)
    department = await require(
        session, Department, department_id, lock=True, expected_version=expected_version
    )
    moves = "parent_id" in given and data.parent_id != department.parent_id
    if moves:
        department.place(await _parent(session, data.parent_id))
    for name in given.keys() - {"parent_id"}:
        setattr(department, name, given[name])
    fields = audit.changed(session, department, "changed")
    if fields:
        outbox.add(session, events.changed(department, fields), sequence=department.version)
    if moves:
        await _move_branch(session, department)
    return department


async def list_departments(
    session: Session, filters: DepartmentFilters
) -> tuple[list[Department], str | None, int | None]:
    """Return one page of the departments that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Department.id,
    )


async def _move_branch(session: Session, moved: Department) -> None:
    """Let every department below the moved one follow it, each with its own event."""
    branch = queries.below(session.context.tenant_id, moved.id).with_for_update()
    for department in await session.scalars(branch):
        department.follow(moved)
        fields = audit.changed(session, department, "moved")
        outbox.add(session, events.changed(department, fields), sequence=department.version)


async def _take_turns(session: Session) -> None:
    """Make changes of one tenant's tree take turns, before any row is locked.

    Two moves at once could close a circle that neither of them sees, or leave a department with
    the path of a place its parent has just left.
    """
    tree = f"departments:{session.context.tenant_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(tree))))


async def _parent(session: Session, parent_id: UUID | None) -> Department | None:
    """Return the department to put one below. Raises `UnknownDepartment`."""
    if parent_id is None:
        return None
    parent = await session.get(Department, (session.context.tenant_id, parent_id))
    if parent is None:
        raise UnknownDepartment
    return parent
