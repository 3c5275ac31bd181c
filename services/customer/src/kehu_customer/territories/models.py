"""The territory (feature row C4)."""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate


class Territory(Aggregate, Base):
    """A sales area, e.g. a region or a group of provinces."""

    label_zh = "区域"
    __tablename__ = "territories"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_territories_name", "tenant_id", "name", "id"),
    )

    code: Mapped[str]
    name: Mapped[str]
