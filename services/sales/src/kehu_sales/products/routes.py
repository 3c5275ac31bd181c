"""The product API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.products import service
from kehu_sales.products.errors import FloorAbovePrice, FloorInAnotherCurrency, ProductCodeTaken
from kehu_sales.products.models import Product
from kehu_sales.products.schemas import ProductCreate, ProductFilters, ProductRead, ProductUpdate

routes = router("/v1/products", "products")
READ = requires("sales:products:read")
WRITE = requires("sales:products:write")


@routes.post(
    "",
    summary="Create a product",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(ProductCodeTaken, FloorInAnotherCurrency, FloorAbovePrice),
)
async def create_product(data: ProductCreate, session: Session, response: Response) -> ProductRead:
    """Enter a product with its list price; it may be offered at once."""
    product = await service.create_product(session, data)
    response.headers["Location"] = f"/v1/products/{product.id}"
    return _answer(session, product, response)


@routes.get("", summary="List products", dependencies=[READ])
async def list_products(
    session: Session, filters: Annotated[ProductFilters, Query()]
) -> Page[ProductRead]:
    """Products that match all filters, a page at a time."""
    products, cursor, count = await service.list_products(session, filters)
    return Page(
        items=[ProductRead.of(one, floor=service.sees_floor(session)) for one in products],
        next_cursor=cursor,
        count=count,
    )


@routes.get("/{product_id}", summary="Read a product", dependencies=[READ])
async def read_product(product_id: UUID, session: Session, response: Response) -> ProductRead:
    """One product, with its ETag."""
    return _answer(session, await require(session, Product, product_id), response)


@routes.patch(
    "/{product_id}",
    summary="Change a product",
    dependencies=[WRITE],
    responses=problems(ProductCodeTaken, FloorInAnotherCurrency, FloorAbovePrice),
)
async def change_product(
    product_id: UUID,
    data: ProductUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> ProductRead:
    """Change or withdraw a product; fields left out stay. Existing documents keep their prices."""
    product = await service.change_product(session, product_id, data, expected_version=version)
    return _answer(session, product, response)


def _answer(session: Session, product: Product, response: Response) -> ProductRead:
    set_etag(response, product)
    return ProductRead.of(product, floor=service.sees_floor(session))
