"""The receipt, what it pays, and the rule that nothing is paid twice (S10)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from kehu_contracts.money import Money
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_sales.contracts.models import Contract, Instalment
from kehu_sales.db import Base
from kehu_sales.receipts.errors import (
    InstalmentOverpaid,
    ReceiptCurrencyDiffers,
    ReceiptExceeded,
    ReceiptRefunded,
    ReceiptReversed,
)


class ReceiptState(StrEnum):
    """已收款, or 已冲销: it was a mistake."""

    RECORDED = "recorded"
    REVERSED = "reversed"


class Receipt(Aggregate, Base):
    """Money that came in from a customer: allocated to instalments, paid back, or left over."""

    label_zh = "收款单"
    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        CheckConstraint("state IN ('recorded', 'reversed')", "state"),
        CheckConstraint(
            "allocated >= 0 AND refunded >= 0 AND allocated + refunded <= amount", "parts"
        ),
        CheckConstraint("state = 'recorded' OR allocated = 0 AND refunded = 0", "reversed"),
        Index("ix_receipts_created_at", "tenant_id", "created_at", "id"),
        Index("ix_receipts_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index("ix_receipts_owner", "tenant_id", "owner_id"),
    )

    number: Mapped[str]
    state: Mapped[str]
    customer_id: Mapped[UUID]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    received_on: Mapped[date]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    allocated: Mapped[Decimal]
    refunded: Mapped[Decimal]
    method: Mapped[str | None]
    reference: Mapped[str | None]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]

    @property
    def unallocated(self) -> Decimal:
        """What is left: it pays nothing, and was not paid back."""
        if self.state == ReceiptState.REVERSED:
            return Decimal("0.00")
        return self.amount - self.allocated - self.refunded

    def money(self, amount: Decimal) -> Money:
        """Return an amount in the currency of the receipt."""
        return Money(amount=amount, currency=self.currency)

    def require_recorded(self) -> None:
        """Raise `ReceiptReversed` if it does not count any more."""
        if self.state == ReceiptState.REVERSED:
            raise ReceiptReversed(number=self.number)

    def pay(self, contract: Contract, instalment: Instalment, amount: Decimal) -> None:
        """Pay so much of an instalment: never more than is left here, nor than is open there.

        Raises `ReceiptReversed`, `ReceiptCurrencyDiffers`, `ReceiptExceeded`,
        `InstalmentOverpaid`, `ContractNotReady`.
        """
        self.require_recorded()
        if contract.currency != self.currency:
            raise ReceiptCurrencyDiffers(
                number=contract.number, currency=contract.currency, paid=self.currency
            )
        self._require_left(amount)
        if amount > instalment.open:
            raise InstalmentOverpaid(
                number=contract.number,
                position=instalment.position,
                open=instalment.open,
                asked=amount,
            )
        contract.collect(amount)
        self.allocated += amount
        instalment.collected += amount

    def take_back(self, contract: Contract, instalment: Instalment, amount: Decimal) -> None:
        """Undo a payment of an instalment; the money is left over again."""
        self.allocated -= amount
        instalment.collected -= amount
        contract.collect(-amount)

    def refund(self, amount: Decimal) -> None:
        """Pay money back that pays nothing here. Raises `ReceiptReversed`, `ReceiptExceeded`."""
        self.require_recorded()
        self._require_left(amount)
        self.refunded += amount

    def reverse(self, on: date, reason: str) -> None:
        """Say that it was a mistake; what it paid was taken back before.

        Raises `ReceiptReversed`, `ReceiptRefunded`.
        """
        self.require_reversible()
        self.state, self.closed_on, self.close_reason = ReceiptState.REVERSED, on, reason

    def require_reversible(self) -> None:
        """Raise `ReceiptReversed` or `ReceiptRefunded` if it cannot have been a mistake."""
        self.require_recorded()
        if self.refunded:
            raise ReceiptRefunded(number=self.number, refunded=self.refunded)

    def _require_left(self, amount: Decimal) -> None:
        if amount > self.unallocated:
            raise ReceiptExceeded(number=self.number, unallocated=self.unallocated, asked=amount)


class Allocation(TenantRow, Base):
    """What a receipt pays of an instalment, and until when it did; rows are never deleted."""

    __tablename__ = "receipt_allocations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "receipt_id"], ["receipts.tenant_id", "receipts.id"]),
        ForeignKeyConstraint(["tenant_id", "contract_id"], ["contracts.tenant_id", "contracts.id"]),
        CheckConstraint("amount > 0", "amount"),
        CheckConstraint("(released_on IS NULL) = (release_reason IS NULL)", "release"),
        Index("ix_receipt_allocations_receipt", "tenant_id", "receipt_id"),
        Index(
            "ix_receipt_allocations_contract", "tenant_id", "contract_id", "position",
            postgresql_where=text("released_on IS NULL"),
        ),
    )  # fmt: skip

    receipt_id: Mapped[UUID]
    contract_id: Mapped[UUID]
    position: Mapped[int]
    amount: Mapped[Decimal]
    allocated_on: Mapped[date]
    released_on: Mapped[date | None]
    release_reason: Mapped[str | None]

    def release(self, on: date, reason: str) -> None:
        """Pay nothing from this day on. Raises `DateBeforePrevious`."""
        business_day.follows(on, self.allocated_on)
        self.released_on, self.release_reason = on, reason
