"""The lead, and the rules about its life (feature row M5)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate
from kehu_marketing.db import Base
from kehu_marketing.leads.errors import (
    ContactWithoutCustomer,
    CustomerMissing,
    LeadNotDisqualified,
    LeadNotOpen,
)


class LeadStatus(StrEnum):
    """How far a lead is."""

    OPEN = "open"
    CONVERTING = "converting"
    CONVERTED = "converted"
    DISQUALIFIED = "disqualified"


class Lead(Aggregate, Base):
    """Somebody may want something: not an opportunity yet, perhaps not even a customer.

    Customer and contact are picked (an id) or typed (a name); an id counts more than a name. A lead
    changes only while it is open. A conversion that fails opens it again, keeping what was found or
    made so far, and the reason.
    """

    label_zh = "线索"
    __tablename__ = "leads"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "external_ref"),
        Index("ix_leads_created_at", "tenant_id", "created_at", "id"),
        Index("ix_leads_status", "tenant_id", "status", "created_at", "id"),
        Index("ix_leads_owner", "tenant_id", "owner_id", "created_at", "id"),
        Index("ix_leads_source", "tenant_id", "source", "created_at", "id"),
        Index("ix_leads_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index(
            "ix_leads_contact",
            "tenant_id",
            "contact_id",
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
    )

    number: Mapped[str]
    external_ref: Mapped[str | None]
    topic: Mapped[str]
    source: Mapped[str]
    source_detail: Mapped[str | None]
    customer_id: Mapped[UUID | None]
    customer_name: Mapped[str | None]
    contact_id: Mapped[UUID | None]
    contact_name: Mapped[str | None]
    contact_phone: Mapped[str | None]
    contact_email: Mapped[str | None]
    owner_id: Mapped[UUID | None]
    need: Mapped[str | None]
    expected_revenue: Mapped[Decimal | None]
    expected_revenue_currency: Mapped[str | None]
    expected_close_on: Mapped[date | None]
    interests: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    status: Mapped[str]
    created_on: Mapped[date]
    disqualified_on: Mapped[date | None]
    disqualified_reason: Mapped[str | None]
    converted_on: Mapped[date | None]
    opportunity_id: Mapped[UUID | None]
    last_error: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))

    def require_open(self) -> None:
        """Raise `LeadNotOpen` if the lead is being converted, or done with."""
        if self.status != LeadStatus.OPEN:
            raise LeadNotOpen(number=self.number, status=self.status)

    def require_parties(self) -> None:
        """Raise `CustomerMissing` or `ContactWithoutCustomer` if nobody could be converted."""
        if self.customer_id is None and self.customer_name is None:
            raise CustomerMissing
        if self.contact_id is not None and self.customer_id is None:
            raise ContactWithoutCustomer

    def disqualify(self, on: date, reason: str) -> None:
        """Give the lead up, with the reason. Raises `LeadNotOpen` or `DateBeforePrevious`."""
        self.require_open()
        business_day.follows(on, self.created_on)
        self.status = LeadStatus.DISQUALIFIED
        self.disqualified_on, self.disqualified_reason = on, reason

    def reopen(self) -> None:
        """Take up a lead again that was given up. Raises `LeadNotDisqualified`."""
        if self.status != LeadStatus.DISQUALIFIED:
            raise LeadNotDisqualified(number=self.number, status=self.status)
        self.status = LeadStatus.OPEN
        self.disqualified_on = self.disqualified_reason = None

    def begin_conversion(self) -> None:
        """Keep everybody off while the conversion is under way. Raises `LeadNotOpen`."""
        self.require_open()
        self.status, self.last_error = LeadStatus.CONVERTING, None

    def complete_conversion(
        self, *, customer_id: UUID, contact_id: UUID | None, opportunity_id: UUID, on: date
    ) -> None:
        """Link the lead to what it became; this is final."""
        self.customer_id, self.contact_id = customer_id, contact_id
        self.opportunity_id, self.converted_on = opportunity_id, on
        self.status = LeadStatus.CONVERTED

    def abandon_conversion(
        self, error: dict[str, str], *, customer_id: UUID | None, contact_id: UUID | None
    ) -> None:
        """Open the lead again, with the reason; what was found or made so far stays picked."""
        self.customer_id = customer_id or self.customer_id
        self.contact_id = contact_id or self.contact_id
        self.status, self.last_error = LeadStatus.OPEN, error
