"""The customer, and the rules about its life (feature rows C1, C4, C13, C14)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Numeric, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.customers.errors import (
    AlreadyIdentified,
    AlreadyTradeCustomer,
    AnonymousCustomer,
    CustomerHasEnded,
    CustomerMerged,
)
from kehu_customer.db import Base
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate


class CustomerKind(StrEnum):
    """An organisation or a natural person."""

    ORGANISATION = "organisation"
    PERSON = "person"


class CustomerRole(StrEnum):
    """What a customer is to us; one customer may play several roles (6.2, C1).

    The last five are customers in the wide sense: who does not buy, but counts.
    """

    CONSUMER = "consumer"
    MERCHANT = "merchant"
    WHOLESALER = "wholesaler"
    RETAILER = "retailer"
    INTERMEDIARY = "intermediary"
    DISTRIBUTOR = "distributor"
    FRANCHISEE = "franchisee"
    SUPPLIER = "supplier"
    PARTNER = "partner"
    INTERNAL = "internal"
    PUBLIC_BODY = "public_body"
    MEDIA = "media"
    ASSOCIATION = "association"
    COMMUNITY = "community"
    COMPETITOR = "competitor"


class CustomerState(StrEnum):
    """Where the relation stands: 潜在客户, 交易客户, 历史客户."""

    PROSPECT = "prospect"
    TRADE = "trade"
    FORMER = "former"


class Customer(Aggregate, Base):
    """An organisation or person we sell to, or want to.

    Only a trade customer may appear on documents. A customer is never deleted: the relation ends
    with a reason. The value is calculated by analytics and cannot be typed.
    """

    label_zh = "客户"
    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        UniqueConstraint("tenant_id", "external_ref"),
        ForeignKeyConstraint(["tenant_id", "parent_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "merged_into_id"], ["customers.tenant_id", "customers.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["employees.tenant_id", "employees.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "department_id"], ["departments.tenant_id", "departments.id"]
        ),
        Index("ix_customers_name", "tenant_id", "name", "id"),
        Index("ix_customers_created_at", "tenant_id", "created_at", "id"),
        Index("ix_customers_owner", "tenant_id", "owner_id", "name", "id"),
        Index("ix_customers_department", "tenant_id", "department_id", "name", "id"),
        Index("ix_customers_state", "tenant_id", "state", "name", "id"),
        Index("ix_customers_created_on", "tenant_id", "created_on"),
        *(
            Index(
                f"ix_customers_{name}",
                "tenant_id",
                name,
                postgresql_where=text(f"{name} IS NOT NULL"),
            )
            for name in ("promoted_on", "ended_on")
        ),
        Index("ix_customers_parent", "tenant_id", "parent_id"),
        Index(
            "ix_customers_merged",
            "tenant_id",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    kind: Mapped[str]
    code: Mapped[str | None]
    external_ref: Mapped[str | None]
    name: Mapped[str]
    anonymous: Mapped[bool] = mapped_column(server_default=text("false"))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    parent_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    state: Mapped[str]
    industry: Mapped[str | None]
    country: Mapped[str | None]
    source: Mapped[str | None]
    credit_code: Mapped[str | None]
    website: Mapped[str | None]
    founded_year: Mapped[int | None]
    employee_count: Mapped[int | None]
    annual_revenue: Mapped[Decimal | None]
    annual_revenue_currency: Mapped[str | None]
    created_on: Mapped[date]
    promoted_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]
    value_grade: Mapped[str | None]
    value_score: Mapped[Decimal | None] = mapped_column(Numeric(9, 4))
    value_sequence: Mapped[int | None]
    merged_into_id: Mapped[UUID | None]
    custom: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    def require_current(self) -> None:
        """Raise `CustomerHasEnded` if the relation is over: a former customer is read-only.

        So is a record that was merged into another: `CustomerMerged`.
        """
        self.require_unmerged()
        if self.state == CustomerState.FORMER:
            raise CustomerHasEnded(name=self.name)

    def require_unmerged(self) -> None:
        """Raise `CustomerMerged` if the record is part of another one."""
        if self.merged_into_id is not None:
            merged_into_id = str(self.merged_into_id)
            raise CustomerMerged(
                name=self.name,
                merged_into_id=merged_into_id,
                extra={"merged_into_id": merged_into_id},
            )

    def identify(self, name: str) -> None:
        """Give a face its name (C1, 2 L110): from now on it can be owned, and has duplicates.

        Raises `CustomerHasEnded`, `AlreadyIdentified`.
        """
        self.require_current()
        if not self.anonymous:
            raise AlreadyIdentified(name=self.name)
        self.anonymous, self.name = False, name

    def promote(self, on: date) -> None:
        """Turn a prospect into a trade customer, which documents may use (1.5, C13).

        Raises `CustomerHasEnded`, `AlreadyTradeCustomer` or `DateBeforePrevious`.
        """
        self.require_current()
        if self.state == CustomerState.TRADE:
            raise AlreadyTradeCustomer(name=self.name)
        business_day.follows(on, self.created_on)
        self.state, self.promoted_on = CustomerState.TRADE, on

    def end(self, on: date, reason: str) -> None:
        """End the relation, with the reason; the record stays (C13).

        Raises `CustomerHasEnded` or `DateBeforePrevious`.
        """
        self.require_current()
        business_day.follows(on, self.promoted_on or self.created_on)
        self.state, self.ended_on, self.end_reason = CustomerState.FORMER, on, reason

    def hand_over(
        self, owner_id: UUID | None, department_id: UUID | None, *, of_leaver: bool = False
    ) -> UUID | None:
        """Give the customer to another owner and the owner's department; return who had it (C4).

        Of a leaver's customers the former ones go along, or nobody could see them any more. Raises
        `CustomerHasEnded`, `AnonymousCustomer`.
        """
        if not of_leaver:
            self.require_current()
        if self.anonymous and owner_id is not None:
            raise AnonymousCustomer(name=self.name)
        previous = self.owner_id
        self.owner_id, self.department_id = owner_id, department_id
        return previous

    def record_value(self, *, grade: str, score: Decimal, sequence: int) -> bool:
        """Write back the value analytics calculated (C14); return False for an older finding."""
        if self.value_sequence is not None and sequence <= self.value_sequence:
            return False
        self.value_grade, self.value_score, self.value_sequence = grade, score, sequence
        return True
