"""Reading product files."""

from datetime import date
from uuid import UUID

from sqlalchemy import Select, select

from kehu_service_desk.customers.queries import of_customer
from kehu_service_desk.product_files.models import ProductFile, ProductFilePart
from kehu_service_desk.product_files.schemas import ProductFileFilters, WarrantyState

SORT_COLUMNS = {
    "created_at": ProductFile.created_at,
    "product_name": ProductFile.product_name,
    "warranty_until": ProductFile.warranty_until,
    "next_maintenance_on": ProductFile.next_maintenance_on,
}
EXACT_FILTERS = (
    "product_id", "product_code", "serial_number", "number", "project_id", "contract_id",
    "delivery_id",
)  # fmt: skip


def matching(tenant_id: str, filters: ProductFileFilters, today: date) -> Select[ProductFile]:
    """Return the query for the product files that match all filters."""
    query = select(ProductFile).where(ProductFile.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(ProductFile, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(ProductFile.customer_id, tenant_id, filters.customer_id))
    if filters.registered is not None:
        registered = ProductFile.registered_on.is_not(None)
        query = query.where(registered if filters.registered else ~registered)
    if filters.withdrawn is not None:
        withdrawn = ProductFile.withdrawn_on.is_not(None)
        query = query.where(withdrawn if filters.withdrawn else ~withdrawn)
    if filters.warranty is not None:
        query = _by_warranty(query, filters.warranty, filters.as_of or today)
    if filters.q is not None:
        query = query.where(ProductFile.product_name.icontains(filters.q, autoescape=True))
    return query


def parts_of(tenant_id: str, product_file_id: UUID) -> Select[ProductFilePart]:
    """Return the query for the parts fitted into one product."""
    return select(ProductFilePart).where(
        ProductFilePart.tenant_id == tenant_id, ProductFilePart.product_file_id == product_file_id
    )


def _by_warranty(
    query: Select[ProductFile], warranty: WarrantyState, day: date
) -> Select[ProductFile]:
    query = query.where(ProductFile.withdrawn_on.is_(None))
    if warranty == WarrantyState.EXPIRED:
        return query.where(ProductFile.warranty_until < day)
    return query.where(ProductFile.delivered_on <= day, ProductFile.warranty_until >= day)
