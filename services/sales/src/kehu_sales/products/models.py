"""The product."""

from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.money import CENT, Money
from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.products.errors import FloorAbovePrice, FloorInAnotherCurrency

FLOOR_SCOPE = "sales:prices:floor"


class Origin(StrEnum):
    """Where a product comes from: 自产, 代理."""

    SELF_PRODUCED = "self_produced"
    AGENCY = "agency"


class Product(Aggregate, Base):
    """Something we sell. It is never deleted: a withdrawn product is not active any more.

    `list_price` and `floor_price` (底价) are of one unit, tax included, in one currency; the floor
    is for holders of `sales:prices:floor`. `tax_rate` is percent. `days_per_unit` says how long a
    unit lasts, so that a price can be told per day (L2990).

    What its delivery means to the service desk (1.4, item 5): with `service_enabled` (启用服务)
    we service it; with `creates_product_file` (生成产品档案) it gets a product file.
    """

    label_zh = "产品"
    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("floor_price <= list_price", "floor"),
        CheckConstraint("service_life_months > 0 AND warranty_months > 0", "months"),
        Index("ix_products_name", "tenant_id", "name", "id"),
        Index(
            "ix_products_category",
            "tenant_id",
            "category",
            postgresql_where=text("category IS NOT NULL"),
        ),
    )

    code: Mapped[str]
    name: Mapped[str]
    series: Mapped[str | None]
    unit: Mapped[str | None]
    list_price: Mapped[Decimal]
    list_price_currency: Mapped[str]
    active: Mapped[bool]
    category: Mapped[str | None]
    origin: Mapped[str | None]
    floor_price: Mapped[Decimal | None]
    tax_rate: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    days_per_unit: Mapped[Decimal | None] = mapped_column(Numeric())
    # Defaults of the database, for products that processes of before enter during a deployment.
    service_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    creates_product_file: Mapped[bool] = mapped_column(server_default=text("false"))
    spare_part: Mapped[bool] = mapped_column(server_default=text("false"))
    service_life_months: Mapped[int | None]
    warranty_months: Mapped[int | None]

    @property
    def price(self) -> Money:
        """The list price of one unit."""
        return Money(amount=self.list_price, currency=self.list_price_currency)

    @price.setter
    def price(self, price: Money) -> None:
        self.list_price, self.list_price_currency = price.amount, price.currency

    @property
    def floor(self) -> Money | None:
        """The price of one unit below which nobody sells without approval."""
        if self.floor_price is None:
            return None
        return Money(amount=self.floor_price, currency=self.list_price_currency)

    def price_at(self, price: Money, floor: Money | None) -> None:
        """Set both prices. Raises `FloorInAnotherCurrency`, `FloorAbovePrice`."""
        if floor is not None and floor.currency != price.currency:
            raise FloorInAnotherCurrency
        if floor is not None and floor.amount > price.amount:
            raise FloorAbovePrice
        self.price = price
        self.floor_price = floor.amount if floor else None


def per_day(price: Decimal, days: Decimal | None) -> Decimal | None:
    """Return the price broken into small parts (化整为零, L2990): 450 a box of 30 days = 15 a day.

    None if nobody knows how long a unit lasts.
    """
    return None if not days else (price / days).quantize(CENT, ROUND_HALF_EVEN)
