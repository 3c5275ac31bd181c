"""Reading tasks."""

from sqlalchemy import Select, select

from kehu_kernel.pagination import one_of
from kehu_sales.customers.queries import of_customer
from kehu_sales.tasks.models import Task
from kehu_sales.tasks.schemas import TaskFilters

SORT_COLUMNS = {"created_at": Task.created_at, "due_on": Task.due_on}
EXACT_FILTERS = (
    "opportunity_id", "project_id", "stage_code", "assignee_id", "department_id", "series_id"
)  # fmt: skip


def matching(tenant_id: str, filters: TaskFilters) -> Select[Task]:
    """Return the query for the tasks that match all filters."""
    query = select(Task).where(Task.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Task, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(Task.customer_id, tenant_id, filters.customer_id))
    if filters.status:
        query = query.where(one_of(Task.status, filters.status))
    if filters.due_to is not None:
        query = query.where(Task.due_on <= filters.due_to)
    return query
