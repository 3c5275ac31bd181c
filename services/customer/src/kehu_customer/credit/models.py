"""The credit account of a customer (feature row C9; 3 L2165: unified credit, 统一授信)."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.credit.errors import (
    CreditAlreadyBlocked,
    CreditCurrencyDiffers,
    CreditNotBlocked,
)
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate


class CreditAccount(Aggregate, Base):
    """What a customer has taken of credit, and whether it is blocked; one row for a customer.

    A group has one limit: all its companies take from the account of the head company. A branch has
    a row only if it is blocked itself, or once was a head company. `exposure` is what is reserved
    and not released, and what contracts of sales take: `contracted` is that part of it. `ceiling`
    is what the limit left for this account when the exposure last grew, or what contracts made of
    it beyond that; the database keeps the exposure below it.
    """

    label_zh = "信用账户"
    __tablename__ = "credit_accounts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        UniqueConstraint("tenant_id", "customer_id"),
        CheckConstraint("contracted >= 0 AND contracted <= exposure", "contracted"),
    )

    customer_id: Mapped[UUID]
    currency: Mapped[str | None]
    exposure: Mapped[Decimal]
    contracted: Mapped[Decimal] = mapped_column(server_default=text("0"))
    ceiling: Mapped[Decimal]
    blocked_at: Mapped[datetime | None]
    blocked_by: Mapped[str | None]
    block_reason: Mapped[str | None]

    def use_currency(self, currency: str) -> None:
        """Count in this currency from the first limit on. Raises `CreditCurrencyDiffers`."""
        if self.currency is not None and self.currency != currency:
            raise CreditCurrencyDiffers(currency=self.currency, asked=currency)
        self.currency = currency

    def take(self, amount: Decimal, ceiling: Decimal) -> None:
        """Reserve an amount that the caller has found to be within the limit."""
        self.ceiling = ceiling
        self.exposure += amount

    def give_back(self, amount: Decimal) -> None:
        """Release an amount that was reserved."""
        self.exposure -= amount

    def count_contracts(self, taken: Decimal) -> None:
        """Let contracts of sales take this much in all, instead of what they took before.

        They are facts: what was signed in spite of the limit counts, and the account is above it.
        """
        self.exposure += taken - self.contracted
        self.contracted = taken
        self.ceiling = max(self.ceiling, self.exposure)

    def block(self, reason: str, *, at: datetime, by: str) -> None:
        """Give the customer, and all companies below it, no credit. Raises `CreditAlreadyBlocked`.

        What is reserved stays reserved, and can be released.
        """
        if self.block_reason is not None:
            raise CreditAlreadyBlocked(reason=self.block_reason)
        self.blocked_at, self.blocked_by, self.block_reason = at, by, reason

    def unblock(self) -> None:
        """Give the customer credit again. Raises `CreditNotBlocked`."""
        if self.block_reason is None:
            raise CreditNotBlocked
        self.blocked_at = self.blocked_by = self.block_reason = None
