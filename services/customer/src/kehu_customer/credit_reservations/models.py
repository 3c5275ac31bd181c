"""What a document takes of the credit, and what of it is free again (feature row C9; 3 L2165)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from kehu_customer.credit_reservations.errors import (
    ReleaseDiffers,
    ReleaseTooLarge,
    ReservationCancelled,
    ReservationClosed,
    ReservationDiffers,
)
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate, TenantRow

NOTHING = Decimal("0.00")


class ReservationState(StrEnum):
    """Where it stands: 占用中, 已全部释放, 已取消."""

    OPEN = "open"
    RELEASED = "released"
    CANCELLED = "cancelled"


class CreditReservation(Aggregate, Base):
    """The credit that a document, such as a contract, takes from the account of the head company.

    A document has one, whoever asks for it how often. Receipts release it, in parts or at once; if
    the document comes to nothing, it is cancelled, for good: what is repeated late takes nothing.
    """

    label_zh = "信用占用"
    __tablename__ = "credit_reservations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "credit_account_id"], ["credit_accounts.tenant_id", "credit_accounts.id"]
        ),
        UniqueConstraint("tenant_id", "source_kind", "source_key"),
        Index("ix_credit_reservations_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index(
            "ix_credit_reservations_open",
            "tenant_id",
            "customer_id",
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_credit_reservations_account", "tenant_id", "credit_account_id", "created_at", "id"
        ),
        Index("ix_credit_reservations_created_at", "tenant_id", "created_at", "id"),
    )

    customer_id: Mapped[UUID]
    credit_account_id: Mapped[UUID]
    source_kind: Mapped[str]
    source_key: Mapped[str]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    released: Mapped[Decimal]
    note: Mapped[str | None]
    state: Mapped[str]
    reserved_by: Mapped[str]
    cancelled_by: Mapped[str | None]
    cancel_reason: Mapped[str | None]

    @property
    def outstanding(self) -> Decimal:
        """What is reserved still."""
        return self.amount - self.released if self.state == ReservationState.OPEN else NOTHING

    def require_repeated(self, customer_id: UUID, amount: Decimal, currency: str) -> None:
        """Let a repeated request have this one.

        Raises `ReservationDiffers` if it asks for something else, and `ReservationCancelled`: who
        is told of a reservation would deliver on it.
        """
        if (self.customer_id, self.amount, self.currency) != (customer_id, amount, currency):
            raise ReservationDiffers
        if self.state == ReservationState.CANCELLED:
            raise ReservationCancelled(reason=self.cancel_reason)

    def release(self, amount: Decimal | None) -> Decimal:
        """Set an amount free, or all that is outstanding; return it.

        Raises `ReservationClosed`, `ReleaseTooLarge`.
        """
        if self.state != ReservationState.OPEN:
            raise ReservationClosed(state=self.state)
        free = self.outstanding if amount is None else amount
        if free > self.outstanding:
            raise ReleaseTooLarge(outstanding=self.outstanding, amount=free)
        self.released += free
        if self.released == self.amount:
            self.state = ReservationState.RELEASED
        return free

    def cancel(self, reason: str, by: str) -> Decimal:
        """The document came to nothing: set free what is outstanding, and return it.

        Raises `ReservationClosed`.
        """
        if self.state != ReservationState.OPEN:
            raise ReservationClosed(state=self.state)
        free = self.outstanding
        self.state, self.cancelled_by, self.cancel_reason = ReservationState.CANCELLED, by, reason
        return free


class CreditRelease(TenantRow, Base):
    """What one document, such as a receipt, set free of a reservation. Append-only."""

    __tablename__ = "credit_releases"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "credit_reservation_id"],
            ["credit_reservations.tenant_id", "credit_reservations.id"],
        ),
        UniqueConstraint(
            "tenant_id",
            "credit_reservation_id",
            "source_kind",
            "source_key",
            name="uq_credit_releases_source",
        ),
        Index(
            "ix_credit_releases_reservation",
            "tenant_id",
            "credit_reservation_id",
            "released_at",
            "id",
        ),
        Index("ix_credit_releases_customer", "tenant_id", "customer_id"),
    )

    customer_id: Mapped[UUID]
    credit_reservation_id: Mapped[UUID]
    source_kind: Mapped[str]
    source_key: Mapped[str]
    asked: Mapped[Decimal | None]
    amount: Mapped[Decimal]
    released_by: Mapped[str]
    released_at: Mapped[datetime]

    def require_same(self, asked: Decimal | None) -> None:
        """Raise `ReleaseDiffers` unless a repeated request asks for the same."""
        if self.asked != asked:
            raise ReleaseDiffers
