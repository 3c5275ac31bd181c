"""The yearly credit limit of a group, and its history (feature row C9; 3 L2165, L2169)."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, func, literal_column
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped

from kehu_customer.credit_limits.errors import LimitBelowUsed, LimitPeriodOver
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate, TenantRow


class CreditLimit(Aggregate, Base):
    """What a head company, with all its branches, may owe us at most during a fiscal year.

    In force from `starts_on` until the day before `ends_on`; one at any time.
    """

    label_zh = "信用额度"
    __tablename__ = "credit_limits"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ExcludeConstraint(
            ("tenant_id", "="),
            ("customer_id", "="),
            (func.daterange(literal_column("starts_on"), literal_column("ends_on")), "&&"),
            name="ex_credit_limits_overlap",
        ),
        Index("ix_credit_limits_customer", "tenant_id", "customer_id", "starts_on", "id"),
        Index("ix_credit_limits_starts_on", "tenant_id", "starts_on", "id"),
    )

    customer_id: Mapped[UUID]
    year: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    agreement: Mapped[str | None]
    granted_by: Mapped[str]
    overridden: Mapped[bool]

    def put_at(self, amount: Decimal, *, used: Decimal, today: date, override: bool) -> None:
        """Make this the limit: at first, or as finance, business or people change (L2169).

        While it is in force it is not put below what the group has used, unless that is overridden;
        next year's may be, because more will be paid by then. Raises `LimitPeriodOver`,
        `LimitBelowUsed`.
        """
        if self.ends_on <= today:
            raise LimitPeriodOver(ends_on=self.ends_on)
        below = self.starts_on <= today and amount < used
        if below and not override:
            raise LimitBelowUsed(used=used, amount=amount)
        self.amount, self.overridden = amount, below


class CreditLimitChange(TenantRow, Base):
    """A step in the history of a limit: who put it from what to what, when and why. Append-only."""

    __tablename__ = "credit_limit_changes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "credit_limit_id"], ["credit_limits.tenant_id", "credit_limits.id"]
        ),
        Index("ix_credit_limit_changes_limit", "tenant_id", "credit_limit_id", "changed_at", "id"),
        Index("ix_credit_limit_changes_customer", "tenant_id", "customer_id", "changed_at", "id"),
    )

    customer_id: Mapped[UUID]
    credit_limit_id: Mapped[UUID]
    amount_before: Mapped[Decimal | None]
    amount_after: Mapped[Decimal]
    currency: Mapped[str]
    used: Mapped[Decimal]
    overridden: Mapped[bool]
    reason: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
