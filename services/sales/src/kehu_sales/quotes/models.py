"""The quote, its versions, and the rules about its life (1.4, item 2; 4 section 6)."""

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
from kehu_kernel.columns import Aggregate
from kehu_sales.approvals.models import ApprovalState
from kehu_sales.contracts.errors import QuoteHasContract
from kehu_sales.db import Base
from kehu_sales.quotes.errors import NewerVersion, QuoteHasExpired, QuoteIsOut, QuoteNotReady
from kehu_sales.quotes.lines import QuoteLine, QuoteLinesColumn, total_of


class QuoteState(StrEnum):
    """How far a quote is."""

    DRAFT = "draft"
    IN_APPROVAL = "in_approval"
    APPROVED = "approved"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


OPEN = (QuoteState.DRAFT, QuoteState.IN_APPROVAL, QuoteState.APPROVED, QuoteState.SENT)
HOLDING = (QuoteState.APPROVED, QuoteState.SENT)
"""States in which a quote expires."""
REVISABLE = (QuoteState.APPROVED, QuoteState.SENT, QuoteState.REJECTED, QuoteState.EXPIRED)
CANCELLABLE = (QuoteState.DRAFT, QuoteState.APPROVED)
"""What waits is withdrawn first; what the customer holds gives way to a new version.

What the customer rejected keeps their day and reason.
"""


class Quote(Aggregate, Base):
    """An offer, for an opportunity, from a price list, or free.

    Only a draft changes; a new version takes the place of one that was approved or sent. `root_id`
    is the first version, None in that one itself. `discount_percent` is off the sum of the lines.
    `contract_id` is the contract that was made from it.
    """

    label_zh = "报价单"
    __tablename__ = "quotes"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        CheckConstraint(
            "state IN ('draft', 'in_approval', 'approved', 'sent', 'accepted', 'rejected',"
            " 'expired', 'superseded', 'cancelled')",
            "state",
        ),
        Index("ix_quotes_created_at", "tenant_id", "created_at", "id"),
        Index("ix_quotes_opportunity", "tenant_id", "opportunity_id", "stage_code"),
        Index("ix_quotes_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index(
            "ix_quotes_version", "tenant_id", "root_id", "revision", unique=True,
            postgresql_where=text("root_id IS NOT NULL"),
        ),
        Index(
            "ix_quotes_to_expire", "tenant_id", "expires_on",
            postgresql_where=text("state IN ('approved', 'sent') AND contract_id IS NULL"),
        ),
        Index("ix_quotes_owner", "tenant_id", "owner_id"),
    )  # fmt: skip

    number: Mapped[str]
    opportunity_id: Mapped[UUID | None]
    stage_code: Mapped[str | None]
    customer_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    lines: Mapped[tuple[QuoteLine, ...]] = mapped_column(QuoteLinesColumn())
    total: Mapped[Decimal]
    currency: Mapped[str]
    quoted_on: Mapped[date]
    expires_on: Mapped[date | None]
    # Defaults of the database, for quotes that processes of before make during a deployment.
    state: Mapped[str] = mapped_column(server_default="draft")
    revision: Mapped[int] = mapped_column(server_default="1")
    root_id: Mapped[UUID | None]
    price_list_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    warnings: Mapped[list[str]] = mapped_column(server_default=text("'[]'::jsonb"))
    sent_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]
    contract_id: Mapped[UUID | None]

    @property
    def sum(self) -> Money:
        """The total with its currency."""
        return Money(amount=self.total, currency=self.currency)

    def require(self, *states: QuoteState) -> None:
        """Raise `QuoteNotReady` unless it is in one of these states."""
        if self.state not in states:
            needed = [state.value for state in states]
            raise QuoteNotReady(number=self.number, state=self.state, needed=needed)

    def offer(self, lines: tuple[QuoteLine, ...], currency: str, discount: Decimal) -> None:
        """Replace the lines; the total is their sum less the discount. Raises `AmountTooLarge`."""
        self.total = total_of(lines, discount)
        self.lines, self.currency, self.discount_percent = lines, currency, discount

    def follow(self, approval: str) -> None:
        """Be as far as its approval is; what is not agreed to is a draft again.

        Raises `QuoteIsOut` when an approval is taken back too late: it went to the customer, a
        contract was made from it, or it is over.
        """
        early = self.state in (QuoteState.DRAFT, QuoteState.IN_APPROVAL, QuoteState.APPROVED)
        if not early or self.contract_id is not None:
            raise QuoteIsOut(number=self.number, state=self.state)
        self.state = {
            ApprovalState.WAITING: QuoteState.IN_APPROVAL,
            ApprovalState.APPROVED: QuoteState.APPROVED,
        }.get(ApprovalState(approval), QuoteState.DRAFT)

    def require_valid(self, on: date) -> None:
        """Raise `QuoteHasExpired` if its last day is over."""
        if self.expires_on is not None and on > self.expires_on:
            raise QuoteHasExpired(number=self.number, expires_on=self.expires_on)

    def send(self, on: date) -> None:
        """Give it to the customer: from now on it is fixed.

        Raises `QuoteNotReady`, `QuoteHasExpired`.
        """
        self.require(QuoteState.APPROVED)
        self.require_valid(on)
        self.state, self.sent_on = QuoteState.SENT, on

    def accept(self, on: date) -> None:
        """Take the customer's yes. Raises `QuoteNotReady`, `QuoteHasExpired`."""
        self.require(QuoteState.SENT)
        self.require_valid(on)
        self.state, self.closed_on = QuoteState.ACCEPTED, on

    def reject(self, on: date, reason: str) -> None:
        """Take the customer's no, and why. Raises `QuoteNotReady`, `QuoteHasContract`."""
        self.require(QuoteState.SENT)
        self._require_no_contract()
        self.state, self.closed_on, self.close_reason = QuoteState.REJECTED, on, reason

    def expire(self, today: date) -> None:
        """End it because its last day is over. Raises `QuoteNotReady`."""
        self.require(*HOLDING)
        self.state, self.closed_on = QuoteState.EXPIRED, today

    def supersede(self) -> None:
        """Give way to a new version; the customer's answer stays.

        A cancelled version after the first took an offer's place: that one is made anew from it.
        Raises `NewerVersion`, `QuoteNotReady`, `QuoteHasContract`.
        """
        if self.state == QuoteState.SUPERSEDED:
            raise NewerVersion
        if self.state != QuoteState.CANCELLED or self.revision == 1:
            self.require(*REVISABLE)
        self._require_no_contract()
        if self.state in (QuoteState.APPROVED, QuoteState.SENT):
            self.state = QuoteState.SUPERSEDED

    def cancel(self, on: date, reason: str) -> None:
        """Give it up, and say why; final. Raises `QuoteNotReady`, `QuoteHasContract`."""
        self.require(*CANCELLABLE)
        self._require_no_contract()
        self.state, self.closed_on, self.close_reason = QuoteState.CANCELLED, on, reason

    def _require_no_contract(self) -> None:
        if self.contract_id is not None:
            raise QuoteHasContract

    def next_number(self) -> str:
        """Return the number of the next version: QUO-2026-000007-2 follows QUO-2026-000007."""
        first = self.number.removesuffix(f"-{self.revision}") if self.revision > 1 else self.number
        return f"{first}-{self.revision + 1}"
