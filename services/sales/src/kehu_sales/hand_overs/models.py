"""The local copy of a hand-over (C4)."""

from sqlalchemy import Index, text

from kehu_kernel.hand_overs import HandOverCopy
from kehu_sales.db import Base


class HandOverRef(HandOverCopy, Base):
    """A hand-over as this service knows it."""

    __table_args__ = (
        Index("ix_hand_over_refs_due", "tenant_id", "id", postgresql_where=text("NOT done")),
    )
