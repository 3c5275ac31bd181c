"""The merge of customers, and what it moved (feature row C5)."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_customer.merges.errors import MergeUndone, UnmergeTooLate
from kehu_kernel.columns import Aggregate, TenantRow


class MergeState(StrEnum):
    """Whether a merge holds: 试算, 已合并, 已撤销. Only what a dry run shows is planned."""

    PLANNED = "planned"
    MERGED = "merged"
    UNDONE = "undone"


class Merge(Aggregate, Base):
    """Records of one customer that became one: the survivor. `merged_ids` are in id order."""

    label_zh = "客户合并"
    __tablename__ = "merges"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "survivor_id"], ["customers.tenant_id", "customers.id"]),
        Index("ix_merges_survivor", "tenant_id", "survivor_id"),
        Index("ix_merges_created_at", "tenant_id", "created_at", "id"),
        Index("ix_merges_merged", "merged_ids", postgresql_using="gin"),
    )

    survivor_id: Mapped[UUID]
    merged_ids: Mapped[list[str]]
    reason: Mapped[str | None]
    state: Mapped[str]
    undone_at: Mapped[datetime | None]
    undo_reason: Mapped[str | None]

    def undo(self, now: datetime, reason: str | None, *, within_days: int) -> None:
        """Undo it. Raises `MergeUndone`, `UnmergeTooLate`."""
        if self.state == MergeState.UNDONE:
            raise MergeUndone
        if now > self.created_at + timedelta(days=within_days):
            raise UnmergeTooLate(days=within_days)
        self.state, self.undone_at, self.undo_reason = MergeState.UNDONE, now, reason


class MergeMove(TenantRow, Base):
    """One row that a merge changed, with the values before and after; for undoing it.

    `place` is the order in which they were changed.
    """

    __tablename__ = "merge_moves"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "merge_id"], ["merges.tenant_id", "merges.id"]),
        Index("ix_merge_moves_merge", "tenant_id", "merge_id", "place"),
        Index("ix_merge_moves_row", "tenant_id", "row_id"),
    )

    merge_id: Mapped[UUID]
    place: Mapped[int]
    kind: Mapped[str]
    row_id: Mapped[UUID]
    changes: Mapped[dict[str, Any]]
