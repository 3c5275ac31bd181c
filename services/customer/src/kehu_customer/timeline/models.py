"""The entry of a timeline."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from kehu_contracts.money import Money
from kehu_customer.db import Base
from kehu_kernel.columns import TenantRow


class EntryKind(StrEnum):
    """What an entry is about."""

    CUSTOMER = "customer"
    CONTACT = "contact"
    AFFILIATION = "affiliation"
    CONTACT_POINT = "contact_point"
    TRADE_PARTY = "trade_party"
    CLASSIFICATION = "classification"
    SEGMENT = "segment"
    ARCHIVE = "archive"
    CREDIT = "credit"
    CONSENT = "consent"
    LEAD = "lead"
    OPPORTUNITY = "opportunity"
    ACTIVITY = "activity"
    TASK = "task"
    QUOTE = "quote"
    CONTRACT = "contract"
    PROJECT = "project"
    RECEIPT = "receipt"
    PRODUCT_FILE = "product_file"
    REQUEST = "request"


class TimelineEntry(TenantRow, Base):
    """One fact about a customer, of whatever service; its id is that of the event,
    or made from it for further customers the event concerns.

    An entry is a contact when the customer and one of us met or talked: only contacts have a
    channel, a place, a duration and a cost. It is never changed; the log of events can rebuild it.
    """

    label_zh = "往来记录"
    __tablename__ = "timeline_entries"
    __table_args__ = (
        Index("ix_timeline_entries_customer", "tenant_id", "customer_id", "happened_at", "id"),
        Index("ix_timeline_entries_subject", "tenant_id", "subject_id"),
        Index(
            "ix_timeline_entries_contacts",
            "tenant_id",
            "customer_id",
            "happened_at",
            "id",
            postgresql_where=text("is_contact"),
        ),
    )

    customer_id: Mapped[UUID]
    kind: Mapped[str]
    type: Mapped[str]
    subject_id: Mapped[UUID]
    title: Mapped[str | None]
    employee_id: Mapped[UUID | None]
    actor: Mapped[str]
    is_contact: Mapped[bool]
    channel: Mapped[str | None]
    place: Mapped[str | None]
    minutes: Mapped[int | None]
    cost: Mapped[Decimal | None]
    currency: Mapped[str | None]
    happened_on: Mapped[date]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]

    @property
    def spent(self) -> Money | None:
        """What the contact cost, if anybody said."""
        if self.cost is None or self.currency is None:
            return None
        return Money(amount=self.cost, currency=self.currency)
