"""Reading deliveries."""

from sqlalchemy import Select, select

from kehu_sales.customers.queries import of_customer
from kehu_sales.deliveries.models import ProjectDelivery
from kehu_sales.deliveries.schemas import DeliveryFilters

SORT_COLUMNS = {"created_at": ProjectDelivery.created_at}


def matching(tenant_id: str, filters: DeliveryFilters) -> Select[ProjectDelivery]:
    """Return the query for the deliveries that match all filters."""
    query = select(ProjectDelivery).where(ProjectDelivery.tenant_id == tenant_id)
    for name in ("number", "state", "project_id", "contract_id"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(ProjectDelivery, name) == value)
    if filters.customer_id is not None:
        query = query.where(
            of_customer(ProjectDelivery.customer_id, tenant_id, filters.customer_id)
        )
    return query
