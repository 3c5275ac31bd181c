"""Rules of assignment, what is known of those who are assigned to, and every assignment (S15)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import Aggregate, TenantRow
from kehu_sales.assignment.errors import AmountsReversed, AssigneesMissing
from kehu_sales.assignment.rules import Leave, Rule, Way
from kehu_sales.db import Base
from kehu_sales.later import known


class AssignmentRule(Aggregate, Base):
    """One rule; those with a smaller `position` are looked at first.

    `automatic`: it also gives away what is entered with no owner, without anybody asking. It
    chooses from `employee_ids`, or the people of `department_id`; `territory` from those who cover
    the customer's.
    """

    label_zh = "分配规则"
    __tablename__ = "assignment_rules"
    __table_args__ = (
        Index("ix_assignment_rules_position", "tenant_id", "position", "id"),
        Index(
            "uq_assignment_rules_position",
            "tenant_id",
            "position",
            unique=True,
            postgresql_where=text("active"),
        ),
    )

    name: Mapped[str]
    position: Mapped[int]
    active: Mapped[bool]
    automatic: Mapped[bool]
    way: Mapped[str]
    territory_ids: Mapped[list[str]]
    categories: Mapped[list[str]]
    sources: Mapped[list[str]]
    amount_from: Mapped[Decimal | None]
    amount_below: Mapped[Decimal | None]
    currency: Mapped[str | None]
    employee_ids: Mapped[list[str]]
    department_id: Mapped[UUID | None]
    language: Mapped[str | None]
    min_level: Mapped[int]
    max_load: Mapped[Decimal | None]
    weights: Mapped[dict[str, Any]]

    def require_sound(self) -> None:
        """Refuse what would never choose anybody. Raises `AssigneesMissing`, `AmountsReversed`."""
        begin, end = self.amount_from, self.amount_below
        if end is not None and end <= (begin or 0):
            raise AmountsReversed(amount_from=begin or 0, below=end)
        if self.way != Way.TERRITORY and not self.employee_ids and self.department_id is None:
            raise AssigneesMissing

    def name_currency(self, otherwise: str) -> None:
        """Have amounts in a currency: `otherwise` where none is named."""
        if self.currency is None and (self.amount_from, self.amount_below) != (None, None):
            self.currency = otherwise

    def rule(self) -> Rule:
        """Return what it says."""
        return Rule(
            id=self.id,
            name=self.name,
            way=known(Way, self.way),
            territory_ids=frozenset(map(UUID, self.territory_ids)),
            categories=frozenset(self.categories),
            sources=frozenset(self.sources),
            amount_from=self.amount_from,
            amount_below=self.amount_below,
            currency=self.currency,
            language=self.language,
            min_level=self.min_level,
            max_load=self.max_load,
            weights={state: Decimal(weight) for state, weight in self.weights.items()},
        )

    def replace(self, leaver: UUID, successor: UUID) -> None:
        """Have a successor stand where a leaver did (C4)."""
        named = [str(successor) if one == str(leaver) else one for one in self.employee_ids]
        self.employee_ids = list(dict.fromkeys(named))


class Assignee(Aggregate, Base):
    """What assignment knows of an employee: skills with level, limit, and absences.

    Without one an employee has no skills and no limit of their own, and is there.
    """

    label_zh = "分配人员"
    __tablename__ = "assignees"
    __table_args__ = (
        UniqueConstraint("tenant_id", "employee_id"),
        Index("ix_assignees_created_at", "tenant_id", "created_at", "id"),
    )

    employee_id: Mapped[UUID]
    skills: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    max_load: Mapped[Decimal | None]
    suspended: Mapped[bool]
    leaves: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    def away(self) -> tuple[Leave, ...]:
        """Return the days of absence."""
        return tuple(
            Leave(date.fromisoformat(one["from_on"]), date.fromisoformat(one["to_on"]))
            for one in self.leaves
        )

    def levels(self) -> dict[tuple[str, str], int]:
        """Return the level of each skill."""
        return {(one["kind"], one["value"]): one["level"] for one in self.skills}


class AssignmentTurn(TenantRow, Base):
    """Who had the last turn of a rule, whose id it has."""

    __tablename__ = "assignment_turns"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "id"], ["assignment_rules.tenant_id", "assignment_rules.id"]
        ),
    )

    last_employee_id: Mapped[UUID]


class Assignment(TenantRow, Base):
    """An opportunity was given to somebody, or to nobody, and why; never changed."""

    __tablename__ = "opportunity_assignments"
    __table_args__ = (
        Index("ix_opportunity_assignments_opportunity", "tenant_id", "opportunity_id", "id"),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
    )

    opportunity_id: Mapped[UUID]
    rule_id: Mapped[UUID | None]
    employee_id: Mapped[UUID | None]
    explanation: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    assigned_at: Mapped[datetime]
    assigned_by: Mapped[str]
