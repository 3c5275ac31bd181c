"""The local copy of a hand-over, and who gets which part of it (C4)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import TenantRow
from kehu_sales.db import Base


class HandOverRef(TenantRow, Base):
    """A hand-over as its newest event said; `done` once nothing is left with the leaver here."""

    __tablename__ = "hand_over_refs"
    __table_args__ = (
        Index("ix_hand_over_refs_due", "tenant_id", "id", postgresql_where=text("NOT done")),
    )

    employee_id: Mapped[UUID]
    successor_id: Mapped[UUID]
    successor_department_id: Mapped[UUID]
    shares: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    sequence: Mapped[int]
    done: Mapped[bool]

    def successor_in(self, department_id: UUID | None) -> tuple[UUID, UUID]:
        """Return who gets what the leaver holds in a department, and the successor's department."""
        for share in self.shares:
            if department_id is not None and share["department_id"] == str(department_id):
                return UUID(share["successor_id"]), UUID(share["successor_department_id"])
        return self.successor_id, self.successor_department_id
