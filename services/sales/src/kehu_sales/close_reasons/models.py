"""A reason of winning or losing."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base


class Outcome(StrEnum):
    """What a reason is of: 赢单, 输单."""

    WON = "won"
    LOST = "lost"


class CloseReason(Aggregate, Base):
    """One reason, in the tenant's own words; never deleted, but taken out of use."""

    label_zh = "赢单输单原因"
    __tablename__ = "close_reasons"
    __table_args__ = (
        UniqueConstraint("tenant_id", "outcome", "code"),
        CheckConstraint("outcome IN ('won', 'lost')", "outcome"),
        Index("ix_close_reasons_created_at", "tenant_id", "created_at", "id"),
    )

    outcome: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    active: Mapped[bool]
