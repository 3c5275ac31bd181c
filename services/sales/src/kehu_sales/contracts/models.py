"""The sales contract, its instalments, and the rules about its life (S10; 1.4, item 3)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.money import Money
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_sales.approvals.models import ApprovalState
from kehu_sales.contracts.errors import (
    ContractHasReceipts,
    ContractInForce,
    ContractNotCollected,
    ContractNotReady,
    LinesOfTheQuote,
    NotOnAccount,
)
from kehu_sales.contracts.plan import NOTHING, PlanColumn, Share, require_payable, shares_of
from kehu_sales.db import Base
from kehu_sales.quotes.lines import QuoteLine, QuoteLinesColumn, total_of


class ContractState(StrEnum):
    """How far a contract is: 草稿, 审批中, 已审核 (in force), 已履行, 已取消."""

    DRAFT = "draft"
    IN_APPROVAL = "in_approval"
    APPROVED = "approved"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"


OPEN = (ContractState.DRAFT, ContractState.IN_APPROVAL, ContractState.APPROVED)
EFFECTIVE = (ContractState.APPROVED, ContractState.FULFILLED)
"""States of contracts that bind both sides."""


class Contract(Aggregate, Base):
    """What was agreed with a trade customer: lines, total, and a plan of when the money comes.

    Only a draft changes; one in force is amended, by consent, or cancelled. `collected` is what
    receipts have brought in of the total. `on_account`: the customer pays after delivery: what is
    open takes credit (C9). `revision` counts what both sides agreed to, from 1.
    `credit_override_reason` says why a draft may be submitted although the credit refuses it.
    `end_told_for` is the last day that was told as near; one that is amended can be told again.
    """

    label_zh = "销售合同"
    __tablename__ = "contracts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(["tenant_id", "quote_id"], ["quotes.tenant_id", "quotes.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        CheckConstraint(
            "state IN ('draft', 'in_approval', 'approved', 'fulfilled', 'cancelled')", "state"
        ),
        CheckConstraint("collected >= 0 AND collected <= total", "collected"),
        CheckConstraint("ends_on >= starts_on", "period"),
        CheckConstraint("(state = 'cancelled') = (cancel_reason IS NOT NULL)", "cancel_reason"),
        Index(
            "ix_contracts_quote", "tenant_id", "quote_id", unique=True,
            postgresql_where=text("quote_id IS NOT NULL AND state <> 'cancelled'"),
        ),
        Index("ix_contracts_of_quote", "tenant_id", "quote_id"),
        Index("ix_contracts_created_at", "tenant_id", "created_at", "id"),
        Index("ix_contracts_opportunity", "tenant_id", "opportunity_id"),
        Index("ix_contracts_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index("ix_contracts_owner", "tenant_id", "owner_id"),
        Index("ix_contracts_department", "tenant_id", "department_id"),
        Index(
            "ix_contracts_end_untold", "tenant_id", "ends_on", "id",
            postgresql_where=text(
                "state = 'approved' AND end_told_for IS DISTINCT FROM ends_on"
            ),
        ),
    )  # fmt: skip

    number: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int]
    quote_id: Mapped[UUID | None]
    opportunity_id: Mapped[UUID | None]
    customer_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    lines: Mapped[tuple[QuoteLine, ...]] = mapped_column(QuoteLinesColumn())
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    total: Mapped[Decimal]
    currency: Mapped[str]
    collected: Mapped[Decimal]
    instalments: Mapped[tuple[Share, ...]] = mapped_column(PlanColumn())
    on_account: Mapped[bool]
    settlement_method: Mapped[str | None]
    terms: Mapped[str | None]
    signed_on: Mapped[date]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    approved_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    cancel_reason: Mapped[str | None]
    credit_override_reason: Mapped[str | None]
    end_told_for: Mapped[date | None]

    @property
    def sum(self) -> Money:
        """The total with its currency."""
        return Money(amount=self.total, currency=self.currency)

    @property
    def received(self) -> Money:
        """What came in, with its currency."""
        return Money(amount=self.collected, currency=self.currency)

    @property
    def open(self) -> Money:
        """What has not come in yet, with its currency."""
        return Money(amount=self.total - self.collected, currency=self.currency)

    def require(self, *states: ContractState) -> None:
        """Raise `ContractNotReady` unless it is in one of these states."""
        if self.state not in states:
            needed = [state.value for state in states]
            raise ContractNotReady(number=self.number, state=self.state, needed=needed)

    def agree(self, lines: tuple[QuoteLine, ...], currency: str, discount: Decimal) -> None:
        """Put lines into it; percentages of the plan follow the total. Raises `AmountTooLarge`."""
        self.total = total_of(lines, discount)
        self.lines, self.currency, self.discount_percent = lines, currency, discount
        self.plan(self.instalments)

    def override_credit(self, reason: str) -> None:
        """Let a draft on account pass though the credit refuses it, and why (C9).

        Raises `ContractNotReady`, `NotOnAccount`.
        """
        self.require(ContractState.DRAFT)
        if not self.on_account:
            raise NotOnAccount(number=self.number)
        self.credit_override_reason = reason

    def keep_override(self, of: Money) -> None:
        """Forget an override unless the contract is of what it was given for, or of less."""
        if not self.on_account or self.currency != of.currency or self.open.amount > of.amount:
            self.credit_override_reason = None

    def passes_over(self, asked: Decimal) -> bool:
        """Whether its override covers so much credit: no more than the contract has open (C9)."""
        overridden = self.credit_override_reason is not None and self.on_account
        return overridden and asked <= self.open.amount

    def require_own_lines(self) -> None:
        """Raise `LinesOfTheQuote` if a draft came from a quote: its lines are what was quoted."""
        if self.quote_id is not None:
            raise LinesOfTheQuote(number=self.number)

    def plan(self, instalments: tuple[Share, ...]) -> None:
        """Say when the money comes. Raises what `shares_of` raises."""
        self.instalments = shares_of(instalments, self.total)

    def require_sound(self) -> None:
        """Raise if its days or its plan make no sense: it could not be agreed to.

        Raises `PeriodReversed`, `DueBeforeSigning`, `PlanDoesNotAddUp`.
        """
        business_day.period(self.starts_on, self.ends_on)
        require_payable(self.instalments, self.total, self.signed_on)

    def follow(self, approval: str, on: date) -> None:
        """Be as far as its approval is; what is not agreed to is a draft again.

        Raises `ContractInForce`: what is agreed to is not un-approved.
        """
        if self.state not in (ContractState.DRAFT, ContractState.IN_APPROVAL):
            raise ContractInForce(number=self.number)
        self.state = {
            ApprovalState.WAITING: ContractState.IN_APPROVAL,
            ApprovalState.APPROVED: ContractState.APPROVED,
        }.get(ApprovalState(approval), ContractState.DRAFT)
        self.approved_on = on if self.state == ContractState.APPROVED else None

    def collect(self, amount: Decimal) -> None:
        """Count money that came in for it, or with a minus was taken back.

        One that was fulfilled is in force again when money is taken back. Raises
        `ContractNotReady`.
        """
        self.require(*EFFECTIVE)
        self.collected += amount
        if self.state == ContractState.FULFILLED and self.collected < self.total:
            self.state, self.closed_on = ContractState.APPROVED, None

    def fulfil(self, on: date) -> None:
        """Say that both sides have done what they agreed to.

        Raises `ContractNotReady`, `ContractNotCollected`.
        """
        self.require(ContractState.APPROVED)
        if self.collected < self.total:
            raise ContractNotCollected(number=self.number, open=self.open.amount)
        self.state, self.closed_on = ContractState.FULFILLED, on

    def cancel(self, on: date, reason: str) -> None:
        """End it before it is fulfilled. Raises `ContractNotReady`, `ContractHasReceipts`."""
        self.require(ContractState.DRAFT, ContractState.APPROVED)
        if self.collected > NOTHING:
            raise ContractHasReceipts(number=self.number, collected=self.collected)
        self.state, self.closed_on, self.cancel_reason = ContractState.CANCELLED, on, reason


class Instalment(TenantRow, Base):
    """What is due on a day of a contract in force; the row follows the plan of the contract.

    `position` counts from 1. `overdue_told_for` is the due day that was told as overdue last, and
    `overdue_count` how often it was told; a due day that moves can be told again.
    """

    __tablename__ = "contract_instalments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "contract_id", "position"),
        ForeignKeyConstraint(["tenant_id", "contract_id"], ["contracts.tenant_id", "contracts.id"]),
        CheckConstraint("collected >= 0 AND collected <= amount", "collected"),
        Index(
            "ix_contract_instalments_open", "tenant_id", "due_on", "id",
            postgresql_where=text("collected < amount"),
        ),
        Index(
            "ix_contract_instalments_untold", "tenant_id", "due_on", "id",
            postgresql_where=text(
                "collected < amount AND overdue_told_for IS DISTINCT FROM due_on"
            ),
        ),
    )  # fmt: skip

    contract_id: Mapped[UUID]
    position: Mapped[int]
    due_on: Mapped[date]
    amount: Mapped[Decimal]
    condition: Mapped[str | None]
    collected: Mapped[Decimal]
    overdue_told_for: Mapped[date | None]
    overdue_count: Mapped[int]

    @property
    def open(self) -> Decimal:
        """What has not come in yet."""
        return self.amount - self.collected
