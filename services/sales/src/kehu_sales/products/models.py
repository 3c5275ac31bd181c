"""The product."""

from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_contracts.money import Money
from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base


class Product(Aggregate, Base):
    """Something we sell. It is never deleted: a withdrawn product is not active any more."""

    label_zh = "产品"
    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_products_name", "tenant_id", "name", "id"),
    )

    code: Mapped[str]
    name: Mapped[str]
    series: Mapped[str | None]
    unit: Mapped[str | None]
    list_price: Mapped[Decimal]
    list_price_currency: Mapped[str]
    active: Mapped[bool]

    @property
    def price(self) -> Money:
        """The list price of one unit."""
        return Money(amount=self.list_price, currency=self.list_price_currency)

    @price.setter
    def price(self, price: Money) -> None:
        self.list_price, self.list_price_currency = price.amount, price.currency
