"""The credit investigation of a customer (feature row C9; 3 L2169)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from kehu_customer.credit_investigations.errors import InvestigationClosed
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate


class InvestigationState(StrEnum):
    """Where it stands: 待调查, 已完成, 已取消."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class CreditInvestigation(Aggregate, Base):
    """The task to investigate a customer: because a report expired, or somebody asked, with reason.

    One of a customer is open at most, and an expired report asks for one, once.
    """

    label_zh = "资信调查"
    __tablename__ = "credit_investigations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "expired_report_id"], ["credit_reports.tenant_id", "credit_reports.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "new_report_id"], ["credit_reports.tenant_id", "credit_reports.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "assignee_id"], ["employees.tenant_id", "employees.id"]),
        UniqueConstraint("tenant_id", "expired_report_id"),
        Index(
            "uq_credit_investigations_open",
            "tenant_id",
            "customer_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_credit_investigations_due_on", "tenant_id", "due_on", "id"),
        Index("ix_credit_investigations_customer", "tenant_id", "customer_id", "due_on", "id"),
        Index(
            "ix_credit_investigations_assignee", "tenant_id", "assignee_id", "state", "due_on", "id"
        ),
    )

    customer_id: Mapped[UUID]
    expired_report_id: Mapped[UUID | None]
    assignee_id: Mapped[UUID | None]
    due_on: Mapped[date]
    reason: Mapped[str | None]
    state: Mapped[str]
    new_report_id: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    close_reason: Mapped[str | None]

    def settle(self, report_id: UUID, *, at: datetime, by: str) -> None:
        """Close it: here is the new report. Raises `InvestigationClosed`."""
        self._close(InvestigationState.DONE, at, by)
        self.new_report_id = report_id

    def cancel(self, reason: str, *, at: datetime, by: str) -> None:
        """Close it without a report, with the reason. Raises `InvestigationClosed`."""
        self._close(InvestigationState.CANCELLED, at, by)
        self.close_reason = reason

    def _close(self, state: InvestigationState, at: datetime, by: str) -> None:
        if self.state != InvestigationState.OPEN:
            raise InvestigationClosed(state=self.state)
        self.state, self.closed_at, self.closed_by = state, at, by
