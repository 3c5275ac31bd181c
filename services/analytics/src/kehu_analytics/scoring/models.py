"""How a tenant scores its customers, and the rules of a scale (reference 1.5)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any, Protocol

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_analytics.db import Base
from kehu_analytics.scoring.errors import (
    ScaleGap,
    ScaleNotOpen,
    ScaleOverlap,
    ScaleStepEmpty,
    ValueModelActive,
    ValueModelNotDraft,
    WeightsNotHundred,
)
from kehu_kernel.columns import Aggregate


class Dimension(StrEnum):
    """What a customer can be scored by; every one follows from facts alone."""

    WON_AMOUNT = "won_amount"
    WON_COUNT = "won_count"
    LOST_COUNT = "lost_count"
    WIN_RATE = "win_rate"
    AVERAGE_DEAL = "average_deal"
    OPEN_AMOUNT = "open_amount"
    SERVICE_REQUEST_COUNT = "service_request_count"


MONEY = frozenset({Dimension.WON_AMOUNT, Dimension.AVERAGE_DEAL, Dimension.OPEN_AMOUNT})
"""Dimensions that count amounts of one currency."""


class ModelState(StrEnum):
    """A value model is prepared, in force, or was in force once."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class ScoringOption(Aggregate, Base):
    """One dimension with its value intervals (评分选项): which value earns how many points.

    Intervals hold their lower end and not their upper one, and cover every number exactly once.
    A dimension of money counts the amounts of `currency`; there is no exchange rate.
    """

    label_zh = "评分选项"
    __tablename__ = "scoring_options"
    __table_args__ = (UniqueConstraint("tenant_id", "dimension"),)

    dimension: Mapped[str]
    currency: Mapped[str | None]
    intervals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class GradeScheme(Aggregate, Base):
    """The tenant's value grades (等级设置): score intervals, from the lowest grade up."""

    label_zh = "等级方案"
    __tablename__ = "grade_schemes"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    grades: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class ValueModel(Aggregate, Base):
    """Weights over dimensions (价值模型), in percent. One model of a tenant is active at a time."""

    label_zh = "价值模型"
    __tablename__ = "value_models"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        Index(
            "uq_value_models_active",
            "tenant_id",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        Index("ix_value_models_created_at", "tenant_id", "created_at", "id"),
    )

    name: Mapped[str]
    weights: Mapped[dict[str, Any]]
    state: Mapped[str]
    activated_at: Mapped[datetime | None]

    def require_draft(self) -> None:
        """Raise `ValueModelNotDraft`: what customers were valued by is not changed afterwards."""
        if self.state != ModelState.DRAFT:
            raise ValueModelNotDraft(name=self.name)

    def activate(self, at: datetime) -> None:
        """Put the model into force, for the first time or again. Raises `ValueModelActive`."""
        if self.state == ModelState.ACTIVE:
            raise ValueModelActive(name=self.name)
        self.state, self.activated_at = ModelState.ACTIVE, at

    def retire(self) -> None:
        """Take the model out of force: another one takes over."""
        self.state = ModelState.RETIRED


class Step(Protocol):
    """One interval of a scale; None is an end that is open."""

    @property
    def low(self) -> Decimal | None:
        """Where it starts; this number belongs to it."""

    @property
    def high(self) -> Decimal | None:
        """Where it ends; this number belongs to the next one."""


def check_scale(steps: Sequence[Step]) -> None:
    """Refuse intervals, in rising order, that do not cover every number exactly once.

    Raises `ScaleNotOpen`, `ScaleStepEmpty`, `ScaleGap` or `ScaleOverlap`.
    """
    if steps[0].low is not None or steps[-1].high is not None:
        raise ScaleNotOpen
    for step in steps:
        if step.low is not None and step.high is not None and step.low >= step.high:
            raise ScaleStepEmpty(low=step.low, high=step.high)
    for lower, upper in pairwise(steps):
        if lower.high is None or upper.low is None or upper.low < lower.high:
            raise ScaleOverlap(high=_end(lower.high), low=_end(upper.low))
        if upper.low > lower.high:
            raise ScaleGap(high=lower.high, low=upper.low)


def check_weights(weights: Iterable[Decimal]) -> None:
    """Refuse weights that do not add up to 100 percent. Raises `WeightsNotHundred`."""
    total = sum(weights, Decimal(0))
    if total != Decimal(100):
        raise WeightsNotHundred(total=total)


def _end(end: Decimal | None) -> str:
    return "∞" if end is None else str(end)
