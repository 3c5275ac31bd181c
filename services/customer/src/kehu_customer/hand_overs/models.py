"""The hand-over of everything a leaver looks after, and who gets which part (C4, text 1.1)."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.db import Base
from kehu_customer.hand_overs.errors import HandOversCross, SuccessorUnfit
from kehu_kernel.columns import Aggregate


class HandOverState(StrEnum):
    """Where a hand-over stands: 进行中, 已完成, 已失败."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class HandOver(Aggregate, Base):
    """Sales people leave, their customers stay: all go to `successor_id`, or by `shares`.

    A share gives what the leaver looks after in one department to a successor of its own. The job
    goes on batch by batch; what it has moved stands in the history of owners, so that it may die
    between any two batches. `expected` counts the leaver's customers when it was asked for.
    """

    label_zh = "离职移交"
    __tablename__ = "hand_overs"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "employee_id"], ["employees.tenant_id", "employees.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "successor_id"], ["employees.tenant_id", "employees.id"]
        ),
        Index(
            "uq_hand_overs_running",
            "tenant_id",
            "employee_id",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
        Index("ix_hand_overs_created_at", "tenant_id", "created_at", "id"),
        Index("ix_hand_overs_running", "created_at", postgresql_where=text("state = 'running'")),
    )

    employee_id: Mapped[UUID]
    successor_id: Mapped[UUID]
    shares: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    reason: Mapped[str | None]
    state: Mapped[str]
    failure: Mapped[str | None]
    expected: Mapped[int]
    requested_by: Mapped[str]
    request_id: Mapped[str]
    traceparent: Mapped[str | None]

    def successor_in(self, department_id: UUID | None) -> UUID:
        """Return who gets what the leaver looks after in a department."""
        for share in self.shares:
            if department_id is not None and share["department_id"] == str(department_id):
                return UUID(share["successor_id"])
        return self.successor_id

    def successors(self) -> list[UUID]:
        """Return everybody who gets something, in one order for all."""
        return sorted({self.successor_id, *(UUID(one["successor_id"]) for one in self.shares)})

    def require_others(self) -> None:
        """Refuse a leaver who would succeed himself. Raises `SuccessorUnfit`."""
        if self.employee_id in self.successors():
            raise SuccessorUnfit

    def require_uncrossed(self, running: Iterable["HandOver"]) -> None:
        """Refuse to take from who is getting something, or to give to who is giving everything.

        What runs then never comes back to where it was. Raises `HandOversCross`.
        """
        for other in running:
            if other.employee_id in self.successors() or self.employee_id in other.successors():
                raise HandOversCross

    def complete(self) -> None:
        """Nothing is left with the leaver."""
        self.state = HandOverState.COMPLETED

    def fail(self, why: str) -> None:
        """It cannot go on; what was moved stays moved, the rest needs another hand-over."""
        self.state, self.failure = HandOverState.FAILED, why
