"""Facts of the marketing service: leads and what became of them."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event
from kehu_contracts.erasure import ErasureAcknowledgement

LeadStatus = Literal["open", "converting", "converted", "disqualified"]


class LeadState(Event):
    """A lead after the change."""

    key: ClassVar[str] = "lead_id"

    lead_id: UUID = Field(description="The lead.")
    number: str = Field(description="Document number, such as LEAD-2026-000123.")
    topic: str = Field(description="What it is about, in a few words.")
    source: str = Field(description="Where the lead came from, such as an exhibition.")
    customer_id: UUID | None = Field(description="The customer, once it is known.")
    customer_name: str | None = Field(description="Name of the customer as typed in.")
    contact_id: UUID | None = Field(description="The contact, once it is known.")
    contact_name: str | None = Field(description="Name of the contact as typed in.")
    owner_id: UUID | None = Field(description="The employee who works on it.")
    status: LeadStatus = Field(description="How far it is.")
    opportunity_id: UUID | None = Field(description="The opportunity it was converted to.")
    created_on: date = Field(description="Business day of the first entry.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class LeadCreated(LeadState):
    """A lead was entered."""

    type: ClassVar[str] = "marketing.lead-created.v1"


class LeadChanged(LeadState):
    """A lead was changed or disqualified, or its conversion began."""

    type: ClassVar[str] = "marketing.lead-changed.v1"


class LeadConverted(LeadState):
    """A lead became an opportunity with a customer and a contact; this is final."""

    type: ClassVar[str] = "marketing.lead-converted.v1"


class MarketingErasureAcknowledged(ErasureAcknowledgement):
    """Marketing has erased the persons."""

    type: ClassVar[str] = "marketing.marketing-erasure-acknowledged.v1"


EVENTS: tuple[type[Event], ...] = (
    LeadCreated,
    LeadChanged,
    LeadConverted,
    MarketingErasureAcknowledged,
)
