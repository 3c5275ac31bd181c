"""The financial statement of a customer for a period (feature row C9; 3 L2273-2312)."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_customer.financial_statements.errors import PeriodBackwards
from kehu_customer.financial_statements.ratios import FIGURES
from kehu_kernel.columns import Aggregate


class FinancialStatement(Aggregate, Base):
    """Figures of a balance sheet on the last day of a period, in one currency; some may be missing.

    A padded or wrong statement is corrected; the audit log keeps what stood there before (L2169).
    """

    label_zh = "财务报表"
    __tablename__ = "financial_statements"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        UniqueConstraint(
            "tenant_id",
            "customer_id",
            "ends_on",
            "starts_on",
            name="uq_financial_statements_period",
        ),
        Index("ix_financial_statements_customer", "tenant_id", "customer_id", "ends_on", "id"),
        Index("ix_financial_statements_ends_on", "tenant_id", "ends_on", "id"),
    )

    customer_id: Mapped[UUID]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    currency: Mapped[str]
    source: Mapped[str | None]
    audited: Mapped[bool]
    current_assets: Mapped[Decimal | None]
    inventory: Mapped[Decimal | None]
    prepayments: Mapped[Decimal | None]
    deferred_expenses: Mapped[Decimal | None]
    cash: Mapped[Decimal | None]
    marketable_securities: Mapped[Decimal | None]
    net_receivables: Mapped[Decimal | None]
    total_assets: Mapped[Decimal | None]
    current_liabilities: Mapped[Decimal | None]
    total_liabilities: Mapped[Decimal | None]

    def require_period(self) -> None:
        """Raise `PeriodBackwards` if it ends before it starts."""
        if self.ends_on < self.starts_on:
            raise PeriodBackwards(starts_on=self.starts_on, ends_on=self.ends_on)

    def figures(self) -> dict[str, Decimal | None]:
        """Return the figures by name."""
        return {name: getattr(self, name) for name in FIGURES}
