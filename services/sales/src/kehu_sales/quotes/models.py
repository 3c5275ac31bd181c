"""The quote."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.money import Money
from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.lines import Line, LinesColumn


class Quote(Aggregate, Base):
    """An offer: the product lines of an opportunity as they were on that day."""

    label_zh = "报价单"
    __tablename__ = "quotes"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        Index("ix_quotes_created_at", "tenant_id", "created_at", "id"),
        Index("ix_quotes_opportunity", "tenant_id", "opportunity_id", "stage_code"),
        Index("ix_quotes_customer", "tenant_id", "customer_id", "created_at", "id"),
    )

    number: Mapped[str]
    opportunity_id: Mapped[UUID]
    stage_code: Mapped[str | None]
    customer_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    lines: Mapped[tuple[Line, ...]] = mapped_column(LinesColumn())
    total: Mapped[Decimal]
    currency: Mapped[str]
    quoted_on: Mapped[date]
    expires_on: Mapped[date | None]

    @property
    def sum(self) -> Money:
        """The total with its currency."""
        return Money(amount=self.total, currency=self.currency)
