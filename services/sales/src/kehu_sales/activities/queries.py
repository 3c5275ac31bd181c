"""Reading activities."""

from sqlalchemy import Select, select

from kehu_sales.activities.models import Activity
from kehu_sales.activities.schemas import ActivityFilters
from kehu_sales.customers.queries import of_customer

SORT_COLUMNS = {"occurred_on": Activity.occurred_on}
EXACT_FILTERS = ("opportunity_id", "stage_code", "task_id", "employee_id", "kind")


def matching(tenant_id: str, filters: ActivityFilters) -> Select[Activity]:
    """Return the query for the activities that match all filters."""
    query = select(Activity).where(Activity.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Activity, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(Activity.customer_id, tenant_id, filters.customer_id))
    if filters.occurred_from is not None:
        query = query.where(Activity.occurred_on >= filters.occurred_from)
    if filters.occurred_to is not None:
        query = query.where(Activity.occurred_on <= filters.occurred_to)
    return query
