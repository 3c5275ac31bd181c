"""The export of everything about a person (feature row C12)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.data_exports.errors import ExportGone, ExportNotReady
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate


class ExportState(StrEnum):
    """Where an export stands: 处理中, 可下载, 已过期."""

    REQUESTED = "requested"
    READY = "ready"
    EXPIRED = "expired"


class DataExport(Aggregate, Base):
    """What is held about a person, as it was when the export was made; it goes when it expires."""

    label_zh = "个人数据导出"
    __tablename__ = "data_exports"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"]),
        Index(
            "ix_data_exports_customer",
            "tenant_id",
            "customer_id",
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
        Index(
            "ix_data_exports_contact",
            "tenant_id",
            "contact_id",
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
        Index("ix_data_exports_created_at", "tenant_id", "created_at", "id"),
        Index("ix_data_exports_open", "expires_at", postgresql_where=text("state <> 'expired'")),
    )

    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    state: Mapped[str]
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    requested_by: Mapped[str]
    expires_at: Mapped[datetime]

    def readable(self, now: datetime) -> dict[str, Any]:
        """Return the document. Raises `ExportNotReady`, `ExportGone`."""
        if self.state == ExportState.REQUESTED and now < self.expires_at:
            raise ExportNotReady
        if self.document is None or now >= self.expires_at:
            raise ExportGone
        return self.document
