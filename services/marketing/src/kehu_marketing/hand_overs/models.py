"""The local copy of a hand-over (C4)."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from kehu_kernel.columns import TenantRow
from kehu_marketing.db import Base


class HandOverRef(TenantRow, Base):
    """A hand-over as its newest event said; `done` once nothing is left with the leaver here.

    Leads have no department: all go to one successor, whatever the shares of departments are.
    """

    __tablename__ = "hand_over_refs"
    __table_args__ = (
        Index("ix_hand_over_refs_due", "tenant_id", "id", postgresql_where=text("NOT done")),
    )

    employee_id: Mapped[UUID]
    successor_id: Mapped[UUID]
    sequence: Mapped[int]
    done: Mapped[bool]
