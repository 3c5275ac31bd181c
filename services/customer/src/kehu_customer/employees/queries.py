"""Reading employees."""

from uuid import UUID

from sqlalchemy import Select, func, literal, select

from kehu_customer.customers.models import Customer, CustomerState
from kehu_customer.departments.models import Department
from kehu_customer.employees.models import Employee
from kehu_customer.employees.schemas import EmployeeFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"code": Employee.code, "name": Employee.name}
EXACT_FILTERS = ("code", "department_id", "manager_id", "territory_id", "subject", "active")


def matching(tenant_id: str, filters: EmployeeFilters) -> Select[Employee]:
    """Return the query for the employees that match all filters."""
    query = select(Employee).where(Employee.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Employee, name) == value)
    if filters.under is not None:
        branch = select(Department.id).where(
            Department.tenant_id == tenant_id, Department.path.contains([filters.under])
        )
        query = query.where(Employee.department_id.in_(branch))
    if filters.q is not None:
        query = query.where(Employee.name.icontains(filters.q, autoescape=True))
    return query


async def managers_of(session: Session, employee_id: UUID) -> set[UUID]:
    """Return the employee and every manager above."""
    tenant_id = session.context.tenant_id
    chain = select(literal(employee_id).label("id")).cte("chain", recursive=True)
    above = select(Employee.manager_id).join(
        chain, (Employee.id == chain.c.id) & (Employee.tenant_id == tenant_id)
    )
    chain = chain.union(above.where(Employee.manager_id.is_not(None)))
    return set(await session.scalars(select(chain.c.id)))


async def count_customers_of(session: Session, employee_id: UUID) -> int:
    """Return how many customers the employee looks after; former and merged ones do not count."""
    query = select(func.count()).where(
        Customer.tenant_id == session.context.tenant_id,
        Customer.owner_id == employee_id,
        Customer.state != CustomerState.FORMER,
        Customer.merged_into_id.is_(None),
    )
    return await session.scalar(query) or 0
