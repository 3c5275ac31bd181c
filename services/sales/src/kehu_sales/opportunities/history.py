"""What has become of an opportunity: rows that are only ever added."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_kernel.columns import TenantRow
from kehu_sales.db import Base

OF_OPPORTUNITY = (["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"])

POOLED, TAKEN_UP = "pooled", "taken_up"
WINNING = "winning"
"""How the closing stage is entered."""


class Evaluation(TenantRow, Base):
    """One decision about an opportunity; `evaluator_id` was named, `decided_by` is a subject."""

    __tablename__ = "opportunity_evaluations"
    __table_args__ = (
        UniqueConstraint("tenant_id", "opportunity_id", "round"),
        ForeignKeyConstraint(*OF_OPPORTUNITY),
    )

    opportunity_id: Mapped[UUID]
    round: Mapped[int]
    evaluator_id: Mapped[UUID]
    result: Mapped[str]
    next_evaluator_id: Mapped[UUID | None]
    comment: Mapped[str | None]
    decided_on: Mapped[date]
    decided_by: Mapped[str]


class StageEntry(TenantRow, Base):
    """An opportunity entered a stage. It left it with the next entry, to the pool, or closed.

    `opportunity_version` orders the entries; those of before 24 November 2026 have none, and went
    forward only. `manner` says how it came there: by `evaluation`, `promotion`, `return`,
    `method_move`, or by `winning`. `override_reason` says why unmet conditions were passed over.
    """

    __tablename__ = "opportunity_stages"
    __table_args__ = (
        Index(
            "ix_opportunity_stages_opportunity",
            "tenant_id",
            "opportunity_id",
            "opportunity_version",
            unique=True,
        ),
        ForeignKeyConstraint(*OF_OPPORTUNITY),
    )

    opportunity_id: Mapped[UUID]
    opportunity_version: Mapped[int | None]
    position: Mapped[int]
    code: Mapped[str]
    name: Mapped[str]
    success_rate: Mapped[int]
    planned_days: Mapped[int]
    entered_on: Mapped[date]
    entered_by: Mapped[str]
    manner: Mapped[str | None]
    reason: Mapped[str | None]
    override_reason: Mapped[str | None]


class PoolMove(TenantRow, Base):
    """An opportunity went to the reserve pool, or was taken up from it.

    What it had been is kept when it goes: where it stood, whose it was, and how it had been closed.
    `moved_at`, unknown of moves before November 2026, is when its new life begins to be recorded.
    """

    __tablename__ = "opportunity_pool_moves"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "opportunity_id",
            "opportunity_version",
            name="uq_opportunity_pool_moves_version",
        ),
        ForeignKeyConstraint(*OF_OPPORTUNITY),
    )

    opportunity_id: Mapped[UUID]
    opportunity_version: Mapped[int]
    move: Mapped[str]
    moved_on: Mapped[date]
    reason: Mapped[str | None]
    status: Mapped[str]
    stage_code: Mapped[str | None]
    owner_id: Mapped[UUID | None]
    closed_on: Mapped[date | None]
    closed_by: Mapped[str | None]
    close_reason: Mapped[str | None]
    competitor: Mapped[str | None]
    moved_by: Mapped[str]
    moved_at: Mapped[datetime | None]

    @property
    def pooled(self) -> bool:
        """Whether it went to the pool, rather than out of it."""
        return self.move == POOLED
