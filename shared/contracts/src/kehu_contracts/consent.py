"""Facts about what persons agreed to."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event, Timestamp


class ConsentState(Event):
    """An entry of the consent ledger. It never changes; of a person's entries the newest holds.

    Entries for the channel `any` concern every channel. The proof stays in the customer service.
    """

    key: ClassVar[str] = "consent_id"

    consent_id: UUID = Field(description="The entry.")
    customer_id: UUID | None = Field(description="The customer who said so.")
    contact_id: UUID | None = Field(description="The contact who said so.")
    purpose: str = Field(
        description="`marketing`, `service`, `profiling`, `research`, `sharing`; may grow."
    )
    channel: str = Field(description="`any`, `phone`, `sms`, `email`, `wechat`, `post`; may grow.")
    at: Timestamp = Field(description="When the person said so.")
    manner: str = Field(description="`form`, `contract`, `verbal`, `online`, `letter`; may grow.")
    policy_version: str | None = Field(description="The privacy policy agreed to.")
    expires_on: date | None = Field(description="The last day it holds.")


class ConsentGiven(ConsentState):
    """A person agreed."""

    type: ClassVar[str] = "customer.consent-given.v1"


class ConsentWithdrawn(ConsentState):
    """A person agrees no more, or never did."""

    type: ClassVar[str] = "customer.consent-withdrawn.v1"
