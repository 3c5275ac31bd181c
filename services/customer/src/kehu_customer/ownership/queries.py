"""Reading who looks after what."""

from sqlalchemy import Select, select

from kehu_contracts.access import RowScope
from kehu_customer.departments.models import Department
from kehu_customer.employees.models import Employee
from kehu_customer.ownership.models import OwnerChange
from kehu_customer.ownership.schemas import OwnerChangeFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"at": OwnerChange.at}
EXACT_FILTERS = ("customer_id", "owner_id", "previous_owner_id", "hand_over_id", "manner")


def matching(tenant_id: str, filters: OwnerChangeFilters) -> Select[OwnerChange]:
    """Return the query for the changes of owner that match all filters."""
    query = select(OwnerChange).where(OwnerChange.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(OwnerChange, name) == value)
    return query


async def in_row_scope(session: Session, employee: Employee) -> bool:
    """Return whether what this employee looks after is among the rows of the caller."""
    context = session.context
    if context.row_scope == RowScope.ALL or employee.id == context.employee_id:
        return True
    if context.row_scope == RowScope.OWN or context.employee_id is None:
        return False
    caller = await session.get(Employee, (context.tenant_id, context.employee_id))
    if caller is None:
        return False
    if context.row_scope == RowScope.DEPARTMENT:
        return caller.department_id == employee.department_id
    department = await session.get(Department, (context.tenant_id, employee.department_id))
    return department is not None and caller.department_id in department.path
