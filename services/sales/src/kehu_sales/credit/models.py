"""The local copy of what the customer service decides about credit (C9; 3 L2165-2169).

A contract is checked by it, so selling goes on while the customer service is down.
"""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from kehu_kernel.copies import Copy
from kehu_sales.db import Base


class CreditLimitRef(Copy, Base):
    """What a head company, with all its branches, may owe from a day until before another.

    The id is the limit's; limits are yearly (L2169).
    """

    __tablename__ = "credit_limit_refs"
    __table_args__ = (Index("ix_credit_limit_refs_customer", "tenant_id", "customer_id"),)

    customer_id: Mapped[UUID]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    amount: Mapped[Decimal]
    currency: Mapped[str]


class CreditReportRef(Copy, Base):
    """That a credit report holds until the day before `expires_on`; the id is the report's."""

    __tablename__ = "credit_report_refs"
    __table_args__ = (Index("ix_credit_report_refs_customer", "tenant_id", "customer_id"),)

    customer_id: Mapped[UUID]
    reported_on: Mapped[date]
    expires_on: Mapped[date]
    superseded: Mapped[bool]


class CreditAccountRef(Copy, Base):
    """Whether a customer, with all companies below it, is stopped; the id is the account's.

    `exposure` is what the customer service counts; None before a first limit. `contracted` is the
    part of it that are contracts of ours, as far as it had heard of them; None in facts from before
    it counted any.
    """

    __tablename__ = "credit_account_refs"
    __table_args__ = (Index("ix_credit_account_refs_customer", "tenant_id", "customer_id"),)

    customer_id: Mapped[UUID]
    exposure: Mapped[Decimal | None]
    contracted: Mapped[Decimal | None]
    currency: Mapped[str | None]
    blocked: Mapped[bool]
    block_reason: Mapped[str | None]

    @property
    def reserved(self) -> Decimal:
        """What other documents than contracts of ours have reserved."""
        return (self.exposure or Decimal(0)) - (self.contracted or Decimal(0))
