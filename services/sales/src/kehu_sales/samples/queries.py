"""Reading samples."""

from datetime import date

from sqlalchemy import Select, and_, func, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from kehu_kernel.pagination import one_of
from kehu_sales.customers.queries import of_customer
from kehu_sales.samples.models import Sample, SampleState
from kehu_sales.samples.schemas import SampleFilters

SORT_COLUMNS = {"created_at": Sample.created_at, "number": Sample.number}


def matching(tenant_id: str, filters: SampleFilters, today: date) -> Select[Sample]:
    """Return the query for the samples that match all filters, on that day."""
    query = select(Sample).where(Sample.tenant_id == tenant_id)
    for name in ("opportunity_id", "owner_id", "number"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Sample, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(Sample.customer_id, tenant_id, filters.customer_id))
    if filters.state:
        query = query.where(one_of(Sample.state, filters.state))
    if filters.product_id is not None:
        line = [{"product_id": str(filters.product_id)}]
        query = query.where(type_coerce(Sample.lines, JSONB).contains(line))
    if filters.overdue is not None:
        overdue = and_(Sample.state == SampleState.DELIVERED, Sample.due_back_on < today)
        query = query.where(
            overdue if filters.overdue else func.coalesce(overdue, False).is_(False)
        )
    return query
