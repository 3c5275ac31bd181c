"""The policy of credit checks, and what holds where a tenant has decided nothing (S10, C9)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base


class Treatment(StrEnum):
    """What becomes of a contract on account: 不提示, 提示, 拒绝."""

    ALLOW = "allow"
    WARN = "warn"
    REFUSE = "refuse"


DEFAULTS: Mapping[str, Any] = {
    "without_file": Treatment.WARN,
    "without_report": Treatment.WARN,  # the text asks for a new report, it does not stop trade
}


class CreditCheckPolicy(Aggregate, Base):
    """What a tenant has decided: one row at most. Without one, the defaults hold, as version 0.

    `without_file`: the customer was never granted a limit. `without_report`: it was, but there is
    no credit report that is valid (L2169).
    """

    label_zh = "合同信用检查政策"
    __tablename__ = "credit_check_policies"
    __table_args__ = (
        UniqueConstraint("tenant_id"),
        CheckConstraint(
            "without_file IN ('allow', 'warn', 'refuse')"
            " AND without_report IN ('allow', 'warn', 'refuse')",
            "words",
        ),
    )

    without_file: Mapped[str]
    without_report: Mapped[str]
