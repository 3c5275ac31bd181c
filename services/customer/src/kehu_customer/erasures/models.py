"""The erasure of a person, what speaks against it, and who has carried it out (feature row C12)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.topics import SERVICES
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate, TenantRow


class LegalBasis(StrEnum):
    """Why a person is erased (PIPL art. 47, GDPR art. 17)."""

    REQUEST = "request"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    PURPOSE_ENDED = "purpose_ended"
    UNLAWFUL = "unlawful"
    LAW = "law"


class ErasureState(StrEnum):
    """Where an erasure stands: 已下达, 已完成."""

    ORDERED = "ordered"
    COMPLETED = "completed"


class Objection(StrEnum):
    """What speaks against erasing a person now."""

    CUSTOMER_CURRENT = "customer_current"
    CREDIT_OPEN = "credit_open"
    OPPORTUNITY_OPEN = "opportunity_open"
    REQUEST_OPEN = "request_open"
    CONTACT_ACTIVE = "contact_active"


MAY_BE_OVERRIDDEN = frozenset({Objection.CONTACT_ACTIVE, Objection.CREDIT_OPEN})
"""A current customer has to end first: otherwise services would go on entering records. So have
open opportunities and requests: closing them takes words about the person, which nobody could
enter."""


class Erasure(Aggregate, Base):
    """A person is blanked in all services; ids and figures stay under a pseudonym.

    `subject_ids` are the person's record and those that were merged into it. It is completed when
    each of the services has acknowledged, and can never be undone.
    """

    label_zh = "个人信息删除"
    __tablename__ = "erasures"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"]),
        UniqueConstraint("tenant_id", "customer_id"),
        UniqueConstraint("tenant_id", "contact_id"),
        Index("ix_erasures_created_at", "tenant_id", "created_at", "id"),
        Index("ix_erasures_open", "created_at", postgresql_where=text("state = 'ordered'")),
    )

    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    subject_ids: Mapped[list[str]]
    legal_basis: Mapped[str]
    reason: Mapped[str]
    despite: Mapped[list[str]]
    state: Mapped[str]
    ordered_by: Mapped[str]
    completed_at: Mapped[datetime | None]

    def complete_when_all(self, acknowledged: Collection[str], now: datetime) -> bool:
        """End the erasure if every service has acknowledged; return whether it ended just now."""
        if self.state == ErasureState.COMPLETED or not set(SERVICES) <= set(acknowledged):
            return False
        self.state, self.completed_at = ErasureState.COMPLETED, now
        return True

    def overdue(self, now: datetime, *, after_hours: float) -> bool:
        """Tell whether a service should have acknowledged by now."""
        late = now - self.created_at > timedelta(hours=after_hours)
        return self.state == ErasureState.ORDERED and late


class ErasureAcknowledgement(TenantRow, Base):
    """A service has erased the person; `counts` says how many rows it blanked, by table."""

    label_zh = "删除回执"
    __tablename__ = "erasure_acknowledgements"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "erasure_id"], ["erasures.tenant_id", "erasures.id"]),
        UniqueConstraint("tenant_id", "erasure_id", "service"),
    )

    erasure_id: Mapped[UUID]
    service: Mapped[str]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime]
