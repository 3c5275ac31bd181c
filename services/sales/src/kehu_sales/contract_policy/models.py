"""The contract policy of a tenant, and what holds where it has decided nothing (S10)."""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base

DAYS_BEFORE_END = 30
"""Ours: the texts name no day on which to talk about what comes after a contract."""
MOST_DAYS_BEFORE_END = 366


class ContractPolicy(Aggregate, Base):
    """What a tenant has decided: one row at most. Without one, the default holds, as version 0.

    `remind_days_before_end`: how many days before its last day the end of a contract is told; on
    the last day itself if 0, never if None.
    """

    label_zh = "合同政策"
    __tablename__ = "contract_policies"
    __table_args__ = (
        UniqueConstraint("tenant_id"),
        CheckConstraint(
            f"remind_days_before_end BETWEEN 0 AND {MOST_DAYS_BEFORE_END}", "remind_days"
        ),
    )

    remind_days_before_end: Mapped[int | None]
