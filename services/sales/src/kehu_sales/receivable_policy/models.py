"""The ages of receivables, and what holds where a tenant has decided nothing (S10)."""

from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import ARRAY, CheckConstraint, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.receivable_policy.errors import AgesNotRising


class ReceivablePolicy(Aggregate, Base):
    """What a tenant has decided: one row at most. Without one the setting holds, as version 0.

    `ages`: days late that end an age, rising: (30, 60, 90) are 1 to 30, 31 to 60, 61 to 90, later.
    """

    label_zh = "账龄政策"
    __tablename__ = "receivable_policies"
    __table_args__ = (
        UniqueConstraint("tenant_id"),
        CheckConstraint("cardinality(ages) > 0 AND 0 < ALL (ages)", "ages"),
    )

    ages: Mapped[list[int]] = mapped_column(ARRAY(Integer))

    def age_by(self, ages: Sequence[int]) -> None:
        """Tell receivables apart by these days late. Raises `AgesNotRising`."""
        if any(after <= before for before, after in pairwise(ages)):
            raise AgesNotRising(ages=list(ages))
        self.ages = list(ages)
