"""The grading scheme of a tenant, what it was before, and what is assessed of opportunities."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import Aggregate, TenantRow
from kehu_sales.db import Base
from kehu_sales.grading.scheme import Indicator, Scheme, scheme_from


class GradingScheme(Aggregate, Base):
    """The scheme in force: one row at most. Without one nothing is graded; defaults are version 0.

    `content` is a `Scheme` as plain values. `matrix` holds the judgements its weights follow from,
    row by row, and `consistency_ratio` how consistent they are; both None where weights are given.
    """

    label_zh = "商机定级方案"
    __tablename__ = "grading_schemes"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    content: Mapped[dict[str, Any]]
    matrix: Mapped[list[list[str]] | None] = mapped_column(JSONB(none_as_null=True))
    consistency_ratio: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))
    largest_ratio: Mapped[Decimal] = mapped_column(Numeric(8, 4))

    @property
    def scheme(self) -> Scheme:
        """The scheme as rules use it."""
        return scheme_from(self.content)


class GradingSchemeVersion(TenantRow, Base):
    """A scheme that was in force before; never changed."""

    __tablename__ = "grading_scheme_versions"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    number: Mapped[int]
    content: Mapped[dict[str, Any]]
    matrix: Mapped[list[list[str]] | None] = mapped_column(JSONB(none_as_null=True))
    consistency_ratio: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))
    largest_ratio: Mapped[Decimal] = mapped_column(Numeric(8, 4))
    valid_until: Mapped[datetime]
    superseded_by: Mapped[str]


class GradingWalk(TenantRow, Base):
    """That a new scheme was put in force: the worker walks through all that is graded.

    Up to `after_id` it has. Of two walks the one with the greater id, the newer one, counts.
    """

    __tablename__ = "grading_walks"

    after_id: Mapped[UUID]


class OpportunityAssessment(TenantRow, Base):
    """What users say of an opportunity's indicators, and why it is of its level.

    It changes under the lock of its opportunity, whose version and audit entry tell of it.
    `entered` maps indicators to values, as text. `stale`: to be graded again by the worker, for
    what it rests on has changed; so is what has an older `scheme_version` than the scheme in force.
    """

    __tablename__ = "opportunity_assessments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "opportunity_id"),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        Index(
            "ix_opportunity_assessments_stale",
            "tenant_id",
            "opportunity_id",
            postgresql_where=text("stale"),
        ),
    )

    opportunity_id: Mapped[UUID]
    scheme_version: Mapped[int]
    entered: Mapped[dict[str, Any]]
    contract_annual_revenue: Mapped[Decimal | None]
    one_off_revenue: Mapped[Decimal | None]
    social_influence: Mapped[bool]
    handling_days: Mapped[int | None]
    handled_on: Mapped[date | None]
    explanation: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    leader_id: Mapped[UUID | None]
    leader_role: Mapped[str | None]
    handling_standard: Mapped[str | None]
    graded_at: Mapped[datetime | None]
    stale: Mapped[bool]

    def annual_revenue(self, expected: Decimal) -> Decimal:
        """Return the revenue of the contract in a year, one-off fees included (L2862).

        What the opportunity expects stands for the contract until somebody says more.
        """
        contract = self.contract_annual_revenue
        return (expected if contract is None else contract) + (self.one_off_revenue or 0)

    def values(self) -> dict[Indicator, Decimal]:
        """Return what users entered."""
        return {Indicator(name): Decimal(value) for name, value in self.entered.items()}


def unassessed(opportunity_id: UUID) -> OpportunityAssessment:
    """Return an assessment that says nothing yet."""
    return OpportunityAssessment(
        opportunity_id=opportunity_id,
        scheme_version=0,
        entered={},
        social_influence=False,
        stale=False,
    )
