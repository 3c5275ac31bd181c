"""What customers did with us: each dealing as it stands now, and what they come to (C7)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.db import Base
from kehu_kernel.columns import TenantRow


class DealingKind(StrEnum):
    """What a dealing is: 往来, 商机, 服务请求, 线索."""

    CONTACT = "contact"
    OPPORTUNITY = "opportunity"
    REQUEST = "request"
    LEAD = "lead"


class Dealing(TenantRow, Base):
    """A contact, an opportunity, a service request or a lead, as the newest event about it says.

    Its id is that of the document. It may come to another customer, when its document does.
    `happened_on` is the day of a contact or request, the day an opportunity was opened or a lead
    was captured. A complaint (投诉) is a request that is one.
    """

    label_zh = "业务往来"
    __tablename__ = "dealings"
    __table_args__ = (Index("ix_dealings_customer", "tenant_id", "customer_id"),)

    customer_id: Mapped[UUID | None]
    kind: Mapped[str]
    is_complaint: Mapped[bool | None]
    status: Mapped[str]
    happened_on: Mapped[date]
    closed_on: Mapped[date | None]
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(BigInteger)


class Behaviour(Base):
    """What the dealings with a customer come to; one without dealings has no row, or zeros.

    It is always calculated from the dealings and from the ledger of consents, those of records
    merged into the customer included: so events may come twice, late, or in any order.
    """

    label_zh = "客户行为"
    __tablename__ = "customer_behaviour"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        *(
            Index(f"ix_customer_behaviour_{name}", "tenant_id", name)
            for name in (
                "last_contact_on",
                "last_opportunity_on",
                "last_won_on",
                "last_request_on",
                "last_complaint_on",
                "last_lead_on",
                "last_consent_on",
                "last_withdrawal_on",
            )
        ),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    contacts: Mapped[int]
    last_contact_on: Mapped[date | None]
    opportunities_open: Mapped[int]
    opportunities_won: Mapped[int]
    opportunities_lost: Mapped[int]
    last_opportunity_on: Mapped[date | None]
    last_won_on: Mapped[date | None]
    won_amounts: Mapped[dict[str, Any]]
    requests: Mapped[int]
    requests_open: Mapped[int]
    last_request_on: Mapped[date | None]
    complaints: Mapped[int] = mapped_column(server_default=text("0"))
    complaints_open: Mapped[int] = mapped_column(server_default=text("0"))
    last_complaint_on: Mapped[date | None]
    leads: Mapped[int] = mapped_column(server_default=text("0"))
    leads_open: Mapped[int] = mapped_column(server_default=text("0"))
    leads_converted: Mapped[int] = mapped_column(server_default=text("0"))
    leads_disqualified: Mapped[int] = mapped_column(server_default=text("0"))
    last_lead_on: Mapped[date | None]
    consents_given: Mapped[int] = mapped_column(server_default=text("0"))
    consents_withdrawn: Mapped[int] = mapped_column(server_default=text("0"))
    last_consent_on: Mapped[date | None]
    last_withdrawal_on: Mapped[date | None]
