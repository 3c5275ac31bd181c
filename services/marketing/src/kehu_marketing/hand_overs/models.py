"""The local copy of a hand-over (C4)."""

from sqlalchemy import Index, text

from kehu_kernel.hand_overs import HandOverCopy
from kehu_marketing.db import Base


class HandOverRef(HandOverCopy, Base):
    """A hand-over as this service knows it.

    Leads have no department: all go to one successor, whatever the shares of departments are.
    """

    __table_args__ = (
        Index("ix_hand_over_refs_due", "tenant_id", "id", postgresql_where=text("NOT done")),
    )
