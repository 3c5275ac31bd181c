"""The fact tables. Each holds the newest state per object; one holds the history of opportunities.

Every row is guarded by `sequence`, the version of the object that the event told of. `at` is the
time of that event. Nothing here depends on when, or in what batches, events were folded.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kehu_analytics.db import Base
from kehu_kernel.columns import TenantRow


class FactRow(TenantRow):
    """What every table of present states has; the id is that of the object in its own service."""

    sequence: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]


class CustomerFact(FactRow, Base):
    """A customer as it stands. One that was merged into another counts with that one."""

    __tablename__ = "customer_facts"
    __table_args__ = (
        Index(
            "ix_customer_facts_merged",
            "tenant_id",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    kind: Mapped[str]
    code: Mapped[str | None]
    name: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text, dimensions=1))
    parent_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    state: Mapped[str]
    industry: Mapped[str | None]
    country: Mapped[str | None]
    source: Mapped[str | None]
    created_on: Mapped[date]
    promoted_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    merged_into_id: Mapped[UUID | None]


class OpportunityFact(FactRow, Base):
    """An opportunity as it stands. `won_amount` is what was really agreed."""

    __tablename__ = "opportunity_facts"
    __table_args__ = (
        Index("ix_opportunity_facts_customer", "tenant_id", "customer_id"),
        Index("ix_opportunity_facts_closed_on", "tenant_id", "closed_on", "id"),
    )

    number: Mapped[str]
    topic: Mapped[str]
    customer_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    source: Mapped[str | None]
    lead_id: Mapped[UUID | None]
    method_id: Mapped[UUID]
    status: Mapped[str]
    stage_code: Mapped[str | None]
    stage_name: Mapped[str | None]
    stage_position: Mapped[int | None]
    success_rate: Mapped[int | None]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    won_amount: Mapped[Decimal | None]
    won_currency: Mapped[str | None]
    expected_close_on: Mapped[date | None]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]
    effective_on: Mapped[date]


class OpportunityPast(Base):
    """What an opportunity was from `effective_on` up to, not including, `valid_to`.

    One row per event. `valid_to` is the earliest effective day of all later events: a step that is
    dated back hides what was recorded before it for the days from then on.
    """

    __tablename__ = "opportunity_history"
    __table_args__ = (
        Index(
            "ix_opportunity_history_open",
            "tenant_id",
            "effective_on",
            postgresql_where=text("NOT closed"),
        ),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    opportunity_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    status: Mapped[str]
    closed: Mapped[bool]
    method_id: Mapped[UUID]
    stage_code: Mapped[str | None]
    stage_name: Mapped[str | None]
    stage_position: Mapped[int | None]
    success_rate: Mapped[int | None]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    won_amount: Mapped[Decimal | None]
    customer_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    effective_on: Mapped[date]
    valid_to: Mapped[date | None]


class RequestFact(FactRow, Base):
    """A service request as it stands."""

    __tablename__ = "request_facts"
    __table_args__ = (Index("ix_request_facts_customer", "tenant_id", "customer_id"),)

    number: Mapped[str]
    customer_id: Mapped[UUID]
    product_file_id: Mapped[UUID | None]
    priority: Mapped[str]
    channel: Mapped[str]
    status: Mapped[str]
    follower_id: Mapped[UUID | None]
    required_on: Mapped[date | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class LeadFact(FactRow, Base):
    """A lead as it stands."""

    __tablename__ = "lead_facts"

    number: Mapped[str]
    source: Mapped[str]
    customer_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    status: Mapped[str]
    opportunity_id: Mapped[UUID | None]
    created_on: Mapped[date]


class EmployeeFact(FactRow, Base):
    """An employee of the company; for labels."""

    __tablename__ = "employee_facts"

    code: Mapped[str]
    name: Mapped[str]
    department_id: Mapped[UUID]
    manager_id: Mapped[UUID | None]
    territory_id: Mapped[UUID | None]
    active: Mapped[bool]


class DepartmentFact(FactRow, Base):
    """A department of the company; `path` leads from the root down to it."""

    __tablename__ = "department_facts"

    code: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[UUID | None]
    path: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid, dimensions=1))


class NewestFact(Base):
    """The time of the newest event of a topic that was folded for a tenant."""

    __tablename__ = "newest_facts"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
