"""The archive of a customer and the facts in it (feature row C2).

Sources: file 2 §11 (L966-1042), file 3 §17.3-17.7 (L2057-2173).
"""

from calendar import monthrange
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.archives.errors import FactIsHistory
from kehu_customer.db import Base
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate


class Step(StrEnum):
    """What becomes of a fact: 录入, 更正, 核实, 撤回."""

    RECORDED = "recorded"
    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class Verification(NamedTuple):
    """That somebody made sure of a fact: on which business day, who, and how."""

    on: date
    by: str
    how: str


class Archive(Aggregate, Base):
    """The file on a customer, one for the whole firm (L2165); made with its first fact.

    Its version counts the commands that changed facts. `completeness` is the percentage of what is
    asked of the customer that is known, see `completeness.py`.
    """

    label_zh = "客户档案"
    __tablename__ = "archives"
    __table_args__ = (
        UniqueConstraint("tenant_id", "customer_id"),
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        Index("ix_archives_completeness", "tenant_id", "completeness", "customer_id"),
    )

    customer_id: Mapped[UUID]
    completeness: Mapped[Decimal] = mapped_column(Numeric(5, 2))


class Fact(Aggregate, Base):
    """A version of what is known of a customer in one respect.

    Append-only: a correction or confirmation ends it and adds the next; the database lets the
    application change nothing but its end and when it is due. One version of a customer and
    definition is current.
    """

    label_zh = "档案内容"
    __tablename__ = "facts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "definition_id"], ["fact_definitions.tenant_id", "fact_definitions.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "source_id"], ["fact_sources.tenant_id", "fact_sources.id"]
        ),
        Index(
            "uq_facts_current",
            "tenant_id",
            "customer_id",
            "definition_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_facts_due",
            "tenant_id",
            "due_on",
            "id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_facts_untold",
            "tenant_id",
            "due_on",
            "id",
            postgresql_where=text("ended_at IS NULL AND due_told_at IS NULL"),
        ),
        Index("ix_facts_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index("ix_facts_definition", "tenant_id", "definition_id", "created_at", "id"),
        Index("ix_facts_created_at", "tenant_id", "created_at", "id"),
    )

    customer_id: Mapped[UUID]
    definition_id: Mapped[UUID]
    step: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB)
    source_id: Mapped[UUID]
    source_note: Mapped[str | None]
    known_on: Mapped[date]
    entered_by: Mapped[str]
    verified_on: Mapped[date | None]
    verified_by: Mapped[str | None]
    verified_how: Mapped[str | None]
    due_on: Mapped[date | None]
    due_told_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_step: Mapped[str | None]
    end_reason: Mapped[str | None]

    def says(self, value: object, source_id: UUID, source_note: str | None, known_on: date) -> bool:
        """Whether it says just this already: then there is nothing to correct."""
        told = (self.value, self.source_id, self.source_note, self.known_on)
        return told == (value, source_id, source_note, known_on)

    def verify(self, verification: Verification) -> None:
        """Note who made sure of a new version. Raises `DateBeforePrevious` before it was known."""
        business_day.follows(verification.on, self.known_on)
        self.verified_on, self.verified_by, self.verified_how = verification

    def fall_due(self, *, needs_confirmation: bool, validity_months: int | None) -> bool:
        """Work out when it has to be verified (again); return whether that changed."""
        due_on = due(
            self.known_on,
            self.verified_on,
            needs_confirmation=needs_confirmation,
            validity_months=validity_months,
        )
        if due_on == self.due_on:
            return False
        self.due_on, self.due_told_at = due_on, None  # another day is told anew
        return True

    def is_due(self, on: date) -> bool:
        """Whether it has to be verified (again) on a day, its due day included."""
        return self.due_on is not None and self.due_on <= on

    def finish(self, end: Step, at: datetime, *, by: str, reason: str | None, code: str) -> None:
        """Make it history. Raises `FactIsHistory`; `code` names it there."""
        self.require_current(code)
        self.end_step, self.ended_at, self.ended_by, self.end_reason = end, at, by, reason

    def require_current(self, code: str) -> None:
        """Raise `FactIsHistory` if it was corrected, confirmed or withdrawn."""
        if self.ended_at is not None:
            raise FactIsHistory(fact=code, end=str(self.end_step))


def due(
    known_on: date,
    verified_on: date | None,
    *,
    needs_confirmation: bool,
    validity_months: int | None,
) -> date | None:
    """Return the day on which a fact has to be verified (again); None: never.

    What a third party says is often not true: until somebody has confirmed it, it is due from the
    day it is known (L2060). Otherwise it holds for so many months (a credit report, say, three to
    twelve, L2169) after it was last made sure of.
    """
    if needs_confirmation and verified_on is None:
        return known_on
    if validity_months is None:
        return None
    return months_after(verified_on or known_on, validity_months)


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of that month if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    year = min(year, date.max.year)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
