"""The credit report of a customer, and how long it is valid (C9; 3 L2169, L2199-2205)."""

from calendar import monthrange
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from kehu_customer.credit_reports.errors import AgencyMissing
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate

MONTHS_OF_A_YEAR = 12


class ReportSource(StrEnum):
    """Who found it out: 业务人员调查, 客户自填, 委托资信机构 (3 L2199-2205)."""

    OWN = "own"
    CUSTOMER_FORM = "customer_form"
    AGENCY = "agency"


class CreditReport(Aggregate, Base):
    """What an investigation of a customer found out on a day, valid until `expires_on`.

    Append-only: a better report is a new one, and the latest counts (`superseded_at` is null).
    """

    label_zh = "资信报告"
    __tablename__ = "credit_reports"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        Index(
            "uq_credit_reports_latest",
            "tenant_id",
            "customer_id",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index(
            "ix_credit_reports_expiry",
            "tenant_id",
            "expires_on",
            "id",
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index("ix_credit_reports_customer", "tenant_id", "customer_id", "reported_on", "id"),
        Index("ix_credit_reports_reported_on", "tenant_id", "reported_on", "id"),
    )

    customer_id: Mapped[UUID]
    reported_on: Mapped[date]
    months: Mapped[int]
    expires_on: Mapped[date]
    source: Mapped[str]
    agency: Mapped[str | None]
    grade: Mapped[str | None]
    finance: Mapped[str | None]
    operation: Mapped[str | None]
    personnel: Mapped[str | None]
    advised_amount: Mapped[Decimal | None]
    advised_currency: Mapped[str | None]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]

    def require_agency(self) -> None:
        """Raise `AgencyMissing` if an agency made it and is not named."""
        if self.source == ReportSource.AGENCY and self.agency is None:
            raise AgencyMissing

    def valid_on(self, day: date) -> bool:
        """Whether it holds on a day: from the day of the report until the day before it expires."""
        return self.reported_on <= day < self.expires_on

    def follow(self, latest: "CreditReport | None", now: datetime) -> None:
        """Take the place of the customer's latest report, unless that is of a later day."""
        self.superseded_at = None
        if latest is None:
            return
        older = latest if latest.reported_on <= self.reported_on else self
        older.superseded_at = now


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of that month if it has no such day."""
    index = day.month - 1 + months
    year, month = day.year + index // MONTHS_OF_A_YEAR, index % MONTHS_OF_A_YEAR + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
