"""The history of owners (feature row C4)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_kernel.columns import TenantRow


class OwnershipManner(StrEnum):
    """How a customer came to its owner, or lost it: 录入, 移交, 离职移交, 领取, 退回, 回收."""

    ENTERED = "entered"
    HANDED_OVER = "handed_over"
    LEAVER = "leaver"
    CLAIMED = "claimed"
    RETURNED = "returned"
    RECYCLED = "recycled"


class OwnerChange(TenantRow, Base):
    """A customer got another owner, or none: who, from whom, to whom, when and why.

    Append-only. `hand_over_id` is the hand-over of a leaver's records that it was part of.
    """

    label_zh = "负责人变更"
    __tablename__ = "owner_changes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "previous_owner_id"], ["employees.tenant_id", "employees.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["employees.tenant_id", "employees.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "hand_over_id"], ["hand_overs.tenant_id", "hand_overs.id"]
        ),
        Index("ix_owner_changes_at", "tenant_id", "at", "id"),
        Index("ix_owner_changes_customer", "tenant_id", "customer_id", "at", "id"),
        Index("ix_owner_changes_owner", "tenant_id", "owner_id", "at", "id"),
        Index("ix_owner_changes_previous_owner", "tenant_id", "previous_owner_id", "at", "id"),
        Index("ix_owner_changes_hand_over", "tenant_id", "hand_over_id", "at", "id"),
    )

    customer_id: Mapped[UUID]
    previous_owner_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    manner: Mapped[str]
    reason: Mapped[str | None]
    hand_over_id: Mapped[UUID | None]
    changed_by: Mapped[str]
    at: Mapped[datetime]
