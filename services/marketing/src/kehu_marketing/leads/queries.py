"""Reading leads."""

from sqlalchemy import Select, select

from kehu_kernel.pagination import one_of
from kehu_marketing.customers.queries import of_customer
from kehu_marketing.leads.models import Lead
from kehu_marketing.leads.schemas import LeadFilters

SORT_COLUMNS = {"created_at": Lead.created_at, "number": Lead.number}
EXACT_FILTERS = ("source", "owner_id", "number", "external_ref")


def matching(tenant_id: str, filters: LeadFilters) -> Select[Lead]:
    """Return the query for the leads that match all filters."""
    query = select(Lead).where(Lead.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Lead, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(Lead.customer_id, tenant_id, filters.customer_id))
    if filters.status:
        query = query.where(one_of(Lead.status, filters.status))
    if filters.q is not None:
        query = query.where(Lead.topic.icontains(filters.q, autoescape=True))
    return query
