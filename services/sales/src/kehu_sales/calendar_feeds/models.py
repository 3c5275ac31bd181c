"""The calendar feed."""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base

SEPARATOR = "~"  # in no tenant's name, and in no secret


class CalendarFeed(Aggregate, Base):
    """A secret address of an employee's calendar, until it is revoked.

    Only a digest of the secret is kept: who reads the database cannot read the calendar by it.
    """

    label_zh = "日历订阅"
    __tablename__ = "calendar_feeds"
    __table_args__ = (
        UniqueConstraint("tenant_id", "secret_digest"),
        Index("ix_calendar_feeds_employee", "tenant_id", "employee_id", "created_at", "id"),
        Index("ix_calendar_feeds_created_at", "tenant_id", "created_at", "id"),
    )

    employee_id: Mapped[UUID]
    name: Mapped[str]
    secret_digest: Mapped[str]
    revoked_at: Mapped[datetime | None]

    def revoke(self, at: datetime) -> None:
        """Let nobody read the calendar by this address any more; twice is once."""
        self.revoked_at = self.revoked_at or at


def new_secret() -> str:
    """Return a secret that cannot be guessed: 256 bits."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret. It is random and long, so a plain digest does."""
    return hashlib.sha256(secret.encode()).hexdigest()
