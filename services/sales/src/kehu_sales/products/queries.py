"""Reading products."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select

from kehu_kernel.session import Session
from kehu_sales.products.models import Product
from kehu_sales.products.schemas import ProductFilters

SORT_COLUMNS = {"name": Product.name, "code": Product.code, "created_at": Product.created_at}


def matching(tenant_id: str, filters: ProductFilters) -> Select[Product]:
    """Return the query for the products that match all filters."""
    query = select(Product).where(Product.tenant_id == tenant_id)
    for name in ("code", "series", "category", "origin", "active"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Product, name) == value)
    if filters.q is not None:
        query = query.where(Product.name.icontains(filters.q, autoescape=True))
    return query


async def load_products(session: Session, product_ids: Collection[UUID]) -> dict[UUID, Product]:
    """Return the products with these ids, as far as they exist."""
    if not product_ids:
        return {}
    rows = await session.read(
        Product,
        "WHERE tenant_id = $1 AND id = ANY ($2::uuid[])",
        session.context.tenant_id,
        list(product_ids),
    )
    return {row.id: row for row in rows}
