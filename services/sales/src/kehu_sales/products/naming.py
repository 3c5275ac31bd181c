"""Refusals name products as people know them: by code and name, not by id."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from kehu_kernel.errors import DomainError
from kehu_kernel.session import Session
from kehu_sales.products.queries import load_products


@asynccontextmanager
async def products_named(session: Session) -> AsyncIterator[None]:
    """Have what is refused inside say code and name of the product it is about.

    Rules know products by their ids; they are looked up only once something is refused, and the id
    is told beside.
    """
    try:
        yield
    except DomainError as refused:
        product_id = refused.facts.get("product")
        if not isinstance(product_id, UUID):
            raise
        product = (await load_products(session, [product_id])).get(product_id)
        said = f"{product.code} {product.name}" if product else product_id
        told = refused.extra | {"product_id": str(product_id)}
        raise type(refused)(extra=told, **refused.facts | {"product": said}) from None
