"""The classification of a customer: one class of one scheme, from a moment on (feature row C8)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from kehu_customer.classifications.errors import (
    AlreadyInClass,
    ClassificationOver,
    EffectiveInFuture,
    EffectiveTooEarly,
)
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate


class ClassificationManner(StrEnum):
    """How a customer came into a class: 人工, 规则."""

    HAND = "hand"
    RULE = "rule"


class Classification(Aggregate, Base):
    """A time for which a customer is, or was, in a class of a scheme.

    Append-only: the database lets the application end a classification, and change nothing else.
    One of a customer and scheme is current. A person gives a reason, a rule its explanation.
    """

    label_zh = "客户分类"
    __tablename__ = "classifications"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "scheme_id"],
            ["classification_schemes.tenant_id", "classification_schemes.id"],
        ),
        Index(
            "uq_classifications_current",
            "tenant_id",
            "customer_id",
            "scheme_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_classifications_class",
            "tenant_id",
            "scheme_id",
            "class_code",
            "customer_id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_classifications_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index("ix_classifications_scheme", "tenant_id", "scheme_id", "created_at", "id"),
        Index("ix_classifications_created_at", "tenant_id", "created_at", "id"),
    )

    customer_id: Mapped[UUID]
    scheme_id: Mapped[UUID]
    class_code: Mapped[str]
    manner: Mapped[str]
    reason: Mapped[str | None]
    explanation: Mapped[dict[str, Any] | None]
    assigned_by: Mapped[str]
    effective_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_reason: Mapped[str | None]

    def require_other(self, class_code: str) -> None:
        """Raise `AlreadyInClass` if a person has put the customer there already.

        A class that a rule gave can be confirmed: then no rule takes it away any more.
        """
        if self.manner == ClassificationManner.HAND and self.class_code == class_code:
            raise AlreadyInClass(class_code=class_code)

    def end(self, at: datetime, *, by: str, reason: str | None) -> None:
        """Take the customer out of the class from this moment on.

        Raises `ClassificationOver`, or `EffectiveTooEarly` before the class began to apply.
        """
        if self.ended_at is not None:
            raise ClassificationOver(class_code=self.class_code)
        if at < self.effective_at:
            raise EffectiveTooEarly(at=at.isoformat(), since=self.effective_at.isoformat())
        self.ended_at, self.ended_by, self.end_reason = at, by, reason


def effective(at: datetime | None, now: datetime, current: Classification | None) -> datetime:
    """Return since when a change of class is so: the stated moment, or now.

    Raises `EffectiveInFuture`. Without a stated moment it is never before the current class began:
    the clock of the process that recorded that one may be ahead of ours.
    """
    if at is not None:
        if at > now:
            raise EffectiveInFuture(at=at.isoformat())
        return at
    return now if current is None else max(now, current.effective_at)
