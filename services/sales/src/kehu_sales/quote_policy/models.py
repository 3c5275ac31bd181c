"""The quote policy of a tenant, and what holds where it has decided nothing (S7; 4 section 6)."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base


class EarlyQuote(StrEnum):
    """What happens to a price that is told before need and solution are recorded (L2992)."""

    IGNORE = "ignore"
    WARN = "warn"
    BLOCK = "block"


DEFAULTS: Mapping[str, Any] = {
    "limits": {},  # nobody gives anything off without approval
    "early_quote": EarlyQuote.WARN,
    "solution_from_rate": 50,  # the stage 制作方案 of the sample method (1.3)
    "valid_days": None,
    "key_account_grades": ["A"],
}


class QuotePolicy(Aggregate, Base):
    """What a tenant has decided: one row at most. Without one, the defaults hold, as version 0.

    `limits`: the largest discount that a role gives without approval, in percent, as text.
    `solution_from_rate`: the success rate, in percent, of the stage that prepares the solution;
    above it, it counts as presented. `key_account_grades`: value grades whose customers count as
    key accounts, for advice. `valid_days`: how long a quote holds that names no last day; None:
    without end.
    """

    label_zh = "报价政策"
    __tablename__ = "quote_policies"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    limits: Mapped[dict[str, Any]]
    early_quote: Mapped[str]
    solution_from_rate: Mapped[int]
    valid_days: Mapped[int | None]
    key_account_grades: Mapped[list[str]]

    def limit_of(self, roles: Collection[str]) -> Decimal:
        """Return the largest discount, in percent, that a caller with these roles may give.

        Of several roles the most generous counts; a role without a limit gives nothing off.
        """
        return max((Decimal(self.limits.get(role, "0")) for role in roles), default=Decimal(0))
