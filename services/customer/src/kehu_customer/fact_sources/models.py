"""A source of facts (feature row C2; the eight sources of file 2 §11.3, L996-1042)."""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate


class FactSource(Aggregate, Base):
    """Where facts come from: our own files, a government office, a chamber of commerce, ...

    What we found out ourselves is the most real; what third parties say is often not true and has
    to be confirmed (file 3 L2060): `needs_confirmation`. The code never changes, facts name it.
    """

    label_zh = "信息来源"
    __tablename__ = "fact_sources"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_fact_sources_code", "tenant_id", "code", "id"),
    )

    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    description_zh: Mapped[str | None]
    description_en: Mapped[str | None]
    needs_confirmation: Mapped[bool]
    active: Mapped[bool]
