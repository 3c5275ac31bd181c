"""Consents on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kehu_customer.consents.models import Channel, ConsentManner, ConsentReason, Decision, Purpose
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, Text

ID = "019364c2-7d5e-7000-8000-00000000000"
OneChannel = Literal["phone", "sms", "email", "wechat", "post"]


class ConsentCreate(Input):
    """What a person said: given or withdrawn."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contact_id": f"{ID}1",
                    "purpose": "marketing",
                    "channel": "sms",
                    "decision": "given",
                    "manner": "form",
                    "proof": "展会登记表上勾选",
                    "document_ref": "SH-2026-0117",
                    "policy_version": "2026-03",
                    "expires_on": "2028-12-31",
                }
            ]
        }
    )

    customer_id: UUID | None = Field(None, description="A customer who is a person.")
    contact_id: UUID | None = Field(None, description="A contact. Name one of the two.")
    purpose: Purpose = Field(description="What for.")
    channel: Channel = Field(description="Over what; `any` concerns every channel.")
    decision: Decision = Field(description="Given or withdrawn.")
    at: AwareDatetime | None = Field(None, description="When the person said so; now if omitted.")
    manner: ConsentManner = Field(description="How it was obtained.")
    proof: LongText | None = Field(None, description="What proves it, in words.")
    document_ref: Text | None = Field(None, description="The document that proves it.")
    policy_version: Text | None = Field(None, description="The privacy policy agreed to.")
    expires_on: Day | None = Field(None, description="The last day it holds.")


class ConsentRead(BaseModel):
    """An entry of the ledger."""

    id: UUID = Field(description="The entry's id.")
    version: int = Field(description="Always 1: an entry never changes.")
    customer_id: UUID | None = Field(description="The customer who said so.")
    contact_id: UUID | None = Field(description="The contact who said so.")
    purpose: Purpose = Field(description="What for.")
    channel: Channel = Field(description="Over what.")
    decision: Decision = Field(description="Given or withdrawn.")
    at: datetime = Field(description="When the person said so.")
    manner: ConsentManner = Field(description="How it was obtained.")
    proof: str | None = Field(description="What proves it.")
    document_ref: str | None = Field(description="The document that proves it.")
    policy_version: str | None = Field(description="The privacy policy agreed to.")
    expires_on: date | None = Field(description="The last day it holds.")
    recorded_by: str = Field(description="Who entered it.")
    created_at: datetime = Field(description="When it was entered.")


class ConsentFilters(PageParams):
    """Filters of the ledger; all must match."""

    customer_id: UUID | None = Field(None, description="Of this customer.")
    contact_id: UUID | None = Field(None, description="Of this contact.")
    purpose: Purpose | None = Field(None, description="For this purpose.")
    channel: Channel | None = Field(None, description="Entered for this channel.")
    decision: Decision | None = Field(None, description="Given or withdrawn.")
    sort: Literal["at", "-at"] = Field("-at", description="Order; a leading minus reverses it.")


class Question(Input):
    """May this person be contacted for this purpose over this channel?"""

    customer_id: UUID | None = Field(None, description="A customer who is a person.")
    contact_id: UUID | None = Field(None, description="A contact. Name one of the two.")
    purpose: Purpose = Field(description="What for.")
    channel: OneChannel = Field(description="Over what.")


class ConsentCheck(Input):
    """Many questions at once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"questions": [{"contact_id": f"{ID}1", "purpose": "marketing", "channel": "sms"}]}
            ]
        }
    )

    questions: Annotated[list[Question], Field(min_length=1, max_length=1000)] = Field(
        description="Up to 1000."
    )
    at: AwareDatetime | None = Field(None, description="As of this time; now if omitted.")


class Answer(BaseModel):
    """Whether the person may be contacted."""

    customer_id: UUID | None = Field(description="The customer asked about.")
    contact_id: UUID | None = Field(description="The contact asked about.")
    purpose: Purpose = Field(description="What for.")
    channel: OneChannel = Field(description="Over what.")
    allowed: bool = Field(description="Whether we may.")
    reason: ConsentReason = Field(description="Why, or why not.")
    consent_id: UUID | None = Field(description="The entry that decides.")


class ConsentCheckRead(BaseModel):
    """The answers."""

    answers: list[Answer] = Field(description="In the order of the questions.")


class ConsentState(BaseModel):
    """What holds for a person now: an answer for each purpose and channel."""

    answers: list[Answer] = Field(description="By purpose, then channel.")
