"""What can be done with a product. One function per command; each runs in one transaction."""

from uuid import UUID

from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import ScopeMissing
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.products import events, queries
from kehu_sales.products.models import FLOOR_SCOPE, Product
from kehu_sales.products.schemas import ProductCreate, ProductFilters, ProductUpdate


async def create_product(session: Session, data: ProductCreate) -> Product:
    """Enter a new product. The database refuses a code that is taken.

    Raises `ScopeMissing`, `FloorInAnotherCurrency`, `FloorAbovePrice`.
    """
    if data.floor_price is not None:
        _require_floor_scope(session)
    product = Product(**data.model_dump(exclude={"list_price", "floor_price"}), active=True)
    product.price_at(data.list_price, data.floor_price)
    audit.created(session, product)
    outbox.add(session, events.created(product), sequence=product.version)
    return product


async def change_product(
    session: Session, product_id: UUID, data: ProductUpdate, *, expected_version: int
) -> Product:
    """Change or withdraw a product. The database refuses a code that is taken.

    Raises `ScopeMissing`, `FloorInAnotherCurrency`, `FloorAbovePrice`.
    """
    product = await require(
        session, Product, product_id, lock=True, expected_version=expected_version
    )
    given = data.given()
    given.pop("list_price", None)
    floor = product.floor
    if "floor_price" in given:
        _require_floor_scope(session)
        floor = data.floor_price
        given.pop("floor_price")
    product.price_at(data.list_price or product.price, floor)
    for name, value in given.items():
        setattr(product, name, value)
    fields = audit.changed(session, product, "changed")
    if fields:
        outbox.add(session, events.changed(product, fields), sequence=product.version)
    return product


async def list_products(
    session: Session, filters: ProductFilters
) -> tuple[list[Product], str | None, int | None]:
    """Return one page of the products that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Product.id,
    )


def sees_floor(session: Session) -> bool:
    """Whether the caller may know floor prices."""
    return FLOOR_SCOPE in (session.context.scopes or ())


def _require_floor_scope(session: Session) -> None:
    if not sees_floor(session):
        raise ScopeMissing(scope=FLOOR_SCOPE)
