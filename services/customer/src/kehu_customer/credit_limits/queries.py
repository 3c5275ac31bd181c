"""Reading credit limits and their history."""

from sqlalchemy import Select, select

from kehu_customer.credit_limits.models import CreditLimit, CreditLimitChange
from kehu_customer.credit_limits.schemas import CreditLimitChangeFilters, CreditLimitFilters

SORT_COLUMNS = {"starts_on": CreditLimit.starts_on}
EXACT_FILTERS = ("customer_id", "year")
CHANGE_SORT_COLUMNS = {"changed_at": CreditLimitChange.changed_at}
CHANGE_EXACT_FILTERS = ("customer_id", "credit_limit_id", "overridden")


def matching(tenant_id: str, filters: CreditLimitFilters) -> Select[CreditLimit]:
    """Return the query for the limits that match all filters."""
    query = select(CreditLimit).where(CreditLimit.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(CreditLimit, name) == value)
    if filters.on is not None:
        query = query.where(CreditLimit.starts_on <= filters.on, CreditLimit.ends_on > filters.on)
    return query


def matching_changes(
    tenant_id: str, filters: CreditLimitChangeFilters
) -> Select[CreditLimitChange]:
    """Return the query for the steps of the history that match all filters."""
    query = select(CreditLimitChange).where(CreditLimitChange.tenant_id == tenant_id)
    for name in CHANGE_EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(CreditLimitChange, name) == value)
    return query
