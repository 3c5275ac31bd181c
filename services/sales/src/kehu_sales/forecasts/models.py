"""What a forecast is made of: rules, calls of the people in charge, daily snapshots (S12)."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import Aggregate, TenantRow
from kehu_sales.db import Base
from kehu_sales.forecasts.errors import CutOffsMustFall

DEFAULTS: Mapping[str, Any] = {"commit_from": 75, "likely_from": 50, "best_from": 10}


class Category(StrEnum):
    """How sure an opportunity is to come: 承诺, 可能, 最佳情况, 不计入."""

    COMMIT = "commit"
    LIKELY = "likely"
    BEST = "best"
    OMITTED = "omitted"


class ForecastRules(Aggregate, Base):
    """What a tenant has decided: one row at most. Without one, the defaults hold, as version 0.

    The category of an opportunity nobody has called is that of its stage's success rate: `commit`
    from `commit_from` percent on, `likely` from `likely_from`, `best` from `best_from`; below it
    is not counted.
    """

    label_zh = "销售预测规则"
    __tablename__ = "forecast_rules"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    commit_from: Mapped[int]
    likely_from: Mapped[int]
    best_from: Mapped[int]

    def decide(self, given: Mapping[str, object]) -> None:
        """Take these decisions. Raises `CutOffsMustFall`."""
        for name, value in given.items():
            setattr(self, name, value)
        if not self.commit_from >= self.likely_from >= self.best_from:
            raise CutOffsMustFall


class ForecastCall(Aggregate, Base):
    """Somebody's word on an opportunity: it counts instead of the stage's success rate."""

    label_zh = "销售预测判断"
    __tablename__ = "forecast_calls"
    __table_args__ = (
        UniqueConstraint("tenant_id", "opportunity_id"),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
    )

    opportunity_id: Mapped[UUID]
    category: Mapped[str | None]
    reason: Mapped[str | None]


class ForecastSnapshot(TenantRow, Base):
    """The forecast as it stood when a day began: of a month, an owner, a department, a currency."""

    __tablename__ = "forecast_snapshots"
    __table_args__ = (Index("ix_forecast_snapshots_month", "tenant_id", "month", "day"),)

    day: Mapped[date]
    month: Mapped[date]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    currency: Mapped[str]
    open_count: Mapped[int]
    won: Mapped[Decimal]
    weighted: Mapped[Decimal]
    commit_amount: Mapped[Decimal]
    likely_amount: Mapped[Decimal]
    best_amount: Mapped[Decimal]


class ForecastDay(Base):
    """A tenant's snapshot of a day was taken; so a day has one, however many processes run."""

    __tablename__ = "forecast_days"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
