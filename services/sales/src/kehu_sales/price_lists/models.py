"""The price list, its lines, and the rules about its life (1.4, item 1)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_sales.approvals.models import ApprovalState
from kehu_sales.db import Base
from kehu_sales.later import known
from kehu_sales.price_lists.errors import (
    AudienceUnclear,
    NoPriceLines,
    PriceListIsFixed,
    PriceListNotApproved,
)


class Audience(StrEnum):
    """Whom a list is for: one customer, a segment, a value grade, a class, everybody."""

    CUSTOMER = "customer"
    SEGMENT = "segment"
    TIER = "tier"
    CLASS = "class"
    EVERYBODY = "everybody"


NAMED_BY = {
    Audience.CUSTOMER: "customer_id",
    Audience.SEGMENT: "segment_id",
    Audience.TIER: "audience_code",
    Audience.CLASS: "audience_code",
    Audience.EVERYBODY: None,
}
"""The one column that says which customer, segment, grade or class."""


class ListState(StrEnum):
    """How far a list is: 草稿, 审批中, 已审核. Only an approved one answers."""

    DRAFT = "draft"
    IN_APPROVAL = "in_approval"
    APPROVED = "approved"


class PriceList(Aggregate, Base):
    """Agreed prices, from a day to a day (included; without an end it stays valid).

    `audience_code` is a value grade (`A`) for a tier, and `scheme/class` for a class.
    """

    label_zh = "价目表"
    __tablename__ = "price_lists"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        CheckConstraint("state IN ('draft', 'in_approval', 'approved')", "state"),
        CheckConstraint("ends_on >= starts_on", "period"),
        CheckConstraint(
            "(audience = 'customer') = (customer_id IS NOT NULL)"
            " AND (audience = 'segment') = (segment_id IS NOT NULL)"
            " AND (audience IN ('tier', 'class')) = (audience_code IS NOT NULL)",
            "audience",
        ),
        Index("ix_price_lists_created_at", "tenant_id", "created_at", "id"),
        Index("ix_price_lists_starts_on", "tenant_id", "starts_on", "id"),
        Index("ix_price_lists_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index("ix_price_lists_owner", "tenant_id", "owner_id"),
        Index(
            "ix_price_lists_answering", "tenant_id", "audience", "starts_on",
            postgresql_where=text("state = 'approved'"),
        ),
    )  # fmt: skip

    number: Mapped[str]
    name: Mapped[str]
    audience: Mapped[str]
    customer_id: Mapped[UUID | None]
    segment_id: Mapped[UUID | None]
    audience_code: Mapped[str | None]
    currency: Mapped[str]
    tax_included: Mapped[bool]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    state: Mapped[str]
    line_count: Mapped[int]

    def require_sound(self) -> None:
        """Raise `AudienceUnclear` or `PeriodReversed` for a list that makes no sense."""
        named = NAMED_BY[known(Audience, self.audience)]
        for column in ("customer_id", "segment_id", "audience_code"):
            if (getattr(self, column) is not None) != (column == named):
                raise AudienceUnclear(audience=self.audience)
        business_day.period(self.starts_on, self.ends_on)

    def require_draft(self) -> None:
        """Raise `PriceListIsFixed` unless it may be changed."""
        if self.state != ListState.DRAFT:
            raise PriceListIsFixed(number=self.number)

    def require_submittable(self) -> None:
        """Raise `PriceListIsFixed` or `NoPriceLines` unless it may be submitted."""
        self.require_draft()
        if not self.line_count:
            raise NoPriceLines(number=self.number)

    def require_answering(self, on: date) -> None:
        """Raise `PriceListNotApproved` unless its prices hold on that day."""
        if self.state != ListState.APPROVED or not self.valid_on(on):
            raise PriceListNotApproved(number=self.number, on=on)

    def valid_on(self, on: date) -> bool:
        """Whether the day lies in its validity."""
        return self.starts_on <= on and (self.ends_on is None or on <= self.ends_on)

    def follow(self, approval: str) -> None:
        """Be as far as its approval is; what is not agreed to is a draft again."""
        self.state = {
            ApprovalState.WAITING: ListState.IN_APPROVAL,
            ApprovalState.APPROVED: ListState.APPROVED,
        }.get(ApprovalState(approval), ListState.DRAFT)


class PriceLine(TenantRow, Base):
    """The price of one unit of a product, from a quantity on (quantity break)."""

    __tablename__ = "price_lines"
    __table_args__ = (
        UniqueConstraint("tenant_id", "price_list_id", "product_id", "from_quantity"),
        ForeignKeyConstraint(
            ["tenant_id", "price_list_id"], ["price_lists.tenant_id", "price_lists.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        CheckConstraint("price >= 0 AND from_quantity >= 0", "not_negative"),
        Index("ix_price_lines_product", "tenant_id", "product_id"),
    )

    price_list_id: Mapped[UUID]
    product_id: Mapped[UUID]
    from_quantity: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    price: Mapped[Decimal]
