"""The request for samples, and the rules about its life (1.3, item 5)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.money import Money
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate
from kehu_sales.approvals.models import ApprovalState
from kehu_sales.db import Base
from kehu_sales.lines import Line, LinesColumn
from kehu_sales.samples.errors import SampleIsOut, SampleNotReady


class SampleState(StrEnum):
    """How far a request is: 待审批, 已批准, 已驳回, 已取消, 已交付, 已归还, 客户留用."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    RETURNED = "returned"
    KEPT = "kept"


COUNTING = (SampleState.DELIVERED, SampleState.RETURNED, SampleState.KEPT)
"""States in which the customer has had the samples: these count for the gates of stages."""
OPEN = (SampleState.REQUESTED, SampleState.APPROVED, SampleState.DELIVERED)


class Sample(Aggregate, Base):
    """A request for samples of an opportunity: products in quantities, at the price of one unit.

    `stage_code` is the stage the opportunity was in when they were delivered: there they count.
    """

    label_zh = "样品申请"
    __tablename__ = "samples"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        CheckConstraint(
            "state IN ('requested', 'approved', 'rejected', 'cancelled', 'delivered',"
            " 'returned', 'kept')",
            "state",
        ),
        CheckConstraint(
            "(state IN ('delivered', 'returned', 'kept')) = (delivered_on IS NOT NULL)",
            "delivered",
        ),
        CheckConstraint("closed_on >= delivered_on", "days"),
        Index("ix_samples_created_at", "tenant_id", "created_at", "id"),
        Index("ix_samples_opportunity", "tenant_id", "opportunity_id", "stage_code"),
        Index("ix_samples_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index("ix_samples_owner", "tenant_id", "owner_id"),
        Index("ix_samples_state", "tenant_id", "state", "created_at", "id"),
    )

    number: Mapped[str]
    opportunity_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    state: Mapped[str]
    lines: Mapped[tuple[Line, ...]] = mapped_column(LinesColumn())
    total: Mapped[Decimal]
    currency: Mapped[str]
    note: Mapped[str | None]
    requested_on: Mapped[date]
    due_back_on: Mapped[date | None]
    delivered_on: Mapped[date | None]
    stage_code: Mapped[str | None]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]

    @property
    def sum(self) -> Money:
        """What the samples are worth."""
        return Money(amount=self.total, currency=self.currency)

    def require(self, *states: SampleState) -> None:
        """Raise `SampleNotReady` unless it is in one of these states."""
        if self.state not in states:
            needed = [state.value for state in states]
            raise SampleNotReady(number=self.number, state=self.state, needed=needed)

    def follow(self, approval: str) -> None:
        """Be as far as its approval is: taken back by who submitted it, it is cancelled.

        Raises `SampleIsOut` when an approval is taken back too late.
        """
        if self.state not in (SampleState.REQUESTED, SampleState.APPROVED):
            raise SampleIsOut(number=self.number)
        self.state = {
            ApprovalState.WAITING: SampleState.REQUESTED,
            ApprovalState.APPROVED: SampleState.APPROVED,
            ApprovalState.WITHDRAWN: SampleState.CANCELLED,
        }.get(ApprovalState(approval), SampleState.REJECTED)

    def deliver(self, on: date, stage_code: str | None) -> None:
        """Give them to the customer, in this stage of the opportunity.

        Raises `SampleNotReady`, `DateBeforePrevious`.
        """
        self.require(SampleState.APPROVED)
        business_day.follows(on, self.requested_on)
        self.state, self.delivered_on, self.stage_code = SampleState.DELIVERED, on, stage_code

    def give_back(self, on: date, reason: str | None) -> None:
        """Take them back from the customer. Raises `SampleNotReady`, `DateBeforePrevious`."""
        self._end(SampleState.RETURNED, on, reason)

    def keep(self, on: date, reason: str | None) -> None:
        """Leave them with the customer. Raises `SampleNotReady`, `DateBeforePrevious`."""
        self._end(SampleState.KEPT, on, reason)

    def cancel(self, on: date, reason: str) -> None:
        """Deliver nothing of what was approved. Raises `SampleNotReady`, `DateBeforePrevious`."""
        self.require(SampleState.APPROVED)
        business_day.follows(on, self.requested_on)
        self.state, self.closed_on, self.close_reason = SampleState.CANCELLED, on, reason

    def _end(self, state: SampleState, on: date, reason: str | None) -> None:
        self.require(SampleState.DELIVERED)
        business_day.follows(on, self.delivered_on or self.requested_on)
        self.state, self.closed_on, self.close_reason = state, on, reason
