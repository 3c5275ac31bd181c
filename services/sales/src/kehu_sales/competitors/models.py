"""The competitor's file, its part in opportunities, and comparison sheets (1.2, 1.3; 4 L2896)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import Aggregate
from kehu_sales.approvals.models import ApprovalState
from kehu_sales.competitors.errors import ComparisonSubjectUnclear, CompetitorIsFixed
from kehu_sales.db import Base
from kehu_sales.later import known


class FileState(StrEnum):
    """How far a file is: 草稿, 审核中, 已审核."""

    DRAFT = "draft"
    IN_APPROVAL = "in_approval"
    APPROVED = "approved"


class Threat(StrEnum):
    """How dangerous a competitor is to an opportunity: 低, 中, 高."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Advantage(StrEnum):
    """Who is better by a criterion: 我方占优, 对手占优, 持平."""

    OURS = "ours"
    THEIRS = "theirs"
    EVEN = "even"


class Competitor(Aggregate, Base):
    """What we know of a competitor. Everybody sees it; only a draft changes.

    `products` are what it sells: name, price as text, note.
    """

    label_zh = "竞争对手"
    __tablename__ = "competitors"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("state IN ('draft', 'in_approval', 'approved')", "state"),
        Index("ix_competitors_created_at", "tenant_id", "created_at", "id"),
    )

    number: Mapped[str]
    name: Mapped[str]
    website: Mapped[str | None]
    strengths: Mapped[str | None]
    weaknesses: Mapped[str | None]
    strategy: Mapped[str | None]
    products: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    sources: Mapped[list[str]]
    state: Mapped[str]

    def require_draft(self) -> None:
        """Raise `CompetitorIsFixed` unless it may be changed or submitted."""
        if self.state != FileState.DRAFT:
            raise CompetitorIsFixed(number=self.number)

    def follow(self, approval: str) -> None:
        """Be as far as its approval is; what is not agreed to is a draft again."""
        self.state = {
            ApprovalState.WAITING: FileState.IN_APPROVAL,
            ApprovalState.APPROVED: FileState.APPROVED,
        }.get(ApprovalState(approval), FileState.DRAFT)


class OpportunityCompetitor(Aggregate, Base):
    """That a competitor takes part in an opportunity; `active` False: it gave up."""

    label_zh = "商机竞争对手"
    __tablename__ = "opportunity_competitors"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "opportunity_id",
            "competitor_id",
            name="uq_opportunity_competitors_one",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "competitor_id"], ["competitors.tenant_id", "competitors.id"]
        ),
        Index("ix_opportunity_competitors_created_at", "tenant_id", "created_at", "id"),
        Index("ix_opportunity_competitors_competitor", "tenant_id", "competitor_id"),
    )

    opportunity_id: Mapped[UUID]
    competitor_id: Mapped[UUID]
    threat: Mapped[str]
    active: Mapped[bool]
    note: Mapped[str | None]


class ComparisonSheet(Aggregate, Base):
    """Us and a competitor side by side, for an opportunity or a product.

    `criteria` are rows: criterion, ours, theirs, advantage, weight (as text, or None).
    """

    label_zh = "竞争对比表"
    __tablename__ = "comparison_sheets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "competitor_id"], ["competitors.tenant_id", "competitors.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        CheckConstraint("num_nonnulls(opportunity_id, product_id) = 1", "subject"),
        Index("ix_comparison_sheets_created_at", "tenant_id", "created_at", "id"),
        Index("ix_comparison_sheets_competitor", "tenant_id", "competitor_id"),
        Index("ix_comparison_sheets_opportunity", "tenant_id", "opportunity_id"),
    )

    competitor_id: Mapped[UUID]
    opportunity_id: Mapped[UUID | None]
    product_id: Mapped[UUID | None]
    title: Mapped[str]
    criteria: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    def require_subject(self) -> None:
        """Raise `ComparisonSubjectUnclear` unless it is about one opportunity, or one product."""
        if (self.opportunity_id is None) == (self.product_id is None):
            raise ComparisonSubjectUnclear


@dataclass(frozen=True, slots=True)
class Balance:
    """Which share of the weights speaks for us, for them, for neither; in percent."""

    ours: Decimal
    theirs: Decimal
    even: Decimal


def balance_of(criteria: Sequence[dict[str, Any]]) -> Balance | None:
    """Return how a comparison stands; None without any weight. A row without weight weighs 1."""
    sums = dict.fromkeys(Advantage, Decimal(0))
    for row in criteria:
        weight = row["weight"]
        sums[known(Advantage, row["advantage"])] += Decimal(1 if weight is None else weight)
    whole = sum(sums.values())
    if not whole:
        return None
    ours, theirs = (
        (sums[one] * 100 / whole).quantize(Decimal("0.01"))
        for one in (Advantage.OURS, Advantage.THEIRS)
    )
    return Balance(ours, theirs, 100 - ours - theirs)
