"""Reading departments."""

from uuid import UUID

from sqlalchemy import Select, func, select

from kehu_customer.departments.models import Department
from kehu_customer.departments.schemas import DepartmentFilters

SORT_COLUMNS = {"code": Department.code, "name": Department.name}


def matching(tenant_id: str, filters: DepartmentFilters) -> Select[Department]:
    """Return the query for the departments that match all filters."""
    query = select(Department).where(Department.tenant_id == tenant_id)
    for name in ("code", "parent_id"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Department, name) == value)
    if filters.under is not None:
        query = query.where(Department.path.contains([filters.under]))
    if filters.q is not None:
        query = query.where(Department.name.icontains(filters.q, autoescape=True))
    return query


def below(tenant_id: str, department_id: UUID) -> Select[Department]:
    """Return the query for all departments below one, nearest first."""
    return (
        select(Department)
        .where(
            Department.tenant_id == tenant_id,
            Department.path.contains([department_id]),
            Department.id != department_id,
        )
        .order_by(func.cardinality(Department.path), Department.id)
    )
